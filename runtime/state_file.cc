#include "runtime/state_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "config/shallow_json.h"
#include "loop/fd.h"

namespace mcpctl::runtime {
namespace {

using nlohmann::json;

constexpr int version = 1;
constexpr std::size_t largest = 16u << 20;

std::string why() { return std::strerror(errno); }

template <typename Value>
bool read(const json& object, const char* key, Value& value) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if constexpr (std::is_same_v<Value, std::string>) {
    if (!found->is_string()) return false;
  } else {
    if (!found->is_number_unsigned()) return false;
  }
  value = found->get<Value>();
  return true;
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string encode(const SavedState& state) {
  std::string leaders;  // in one tree of JSON a thousand would take a megabyte
  for (const spawn::LeaderRecord& leader : state.leaders) {
    if (!leaders.empty()) leaders += ',';
    leaders += text_of({{"pid", static_cast<unsigned>(leader.pid)},
                        {"start_time", leader.start_time},
                        {"boot_id", leader.boot_id},
                        {"cookie", leader.cookie}});
  }
  return R"({"version":)" + std::to_string(version) + R"(,"leaders":[)" + leaders +
         R"(],"stopped":)" + text_of(state.stopped) + "}\n";
}

Result<SavedState> decode(std::string_view text) {
  const json document = config::parse_shallow(text);
  if (!document.is_object()) return failure("cannot read the state file: it is no JSON object");
  unsigned found_version = 0;
  if (!read(document, "version", found_version) || found_version != version) {
    return failure("cannot read the state file: its version is not " + std::to_string(version));
  }
  SavedState state;
  const json& leaders = document.value("leaders", json::array());
  for (const json& entry : leaders) {
    if (!entry.is_object()) continue;
    spawn::LeaderRecord leader;
    unsigned pid = 0;
    const bool whole = read(entry, "pid", pid) && read(entry, "start_time", leader.start_time) &&
                       read(entry, "boot_id", leader.boot_id) &&
                       read(entry, "cookie", leader.cookie);
    leader.pid = static_cast<pid_t>(pid);
    if (whole && leader.pid > 1) state.leaders.push_back(std::move(leader));
  }
  const json& stopped = document.value("stopped", json::array());
  for (const json& name : stopped) {
    if (name.is_string()) state.stopped.insert(name.get<std::string>());
  }
  return state;
}

Result<std::optional<std::string>> load_text(const std::string& path) {
  const loop::Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) return failure("cannot open " + path + ": " + why());
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0) return failure("cannot read " + path + ": " + why());
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > largest) return failure("cannot read " + path + ": it is too large");
  }
  return text;
}

Result<SavedState> load_state(const std::string& path) {
  const auto text = load_text(path);
  if (!text) return std::unexpected{text.error()};
  return *text ? decode(**text) : SavedState{};
}

Result<void> save_state(const std::string& path, std::string_view text) {
  if (path.empty()) return {};
  const std::string fresh = path + ".new";
  loop::Fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return failure("cannot write " + fresh + ": " + why());
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("cannot write " + fresh + ": " + why());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return failure("cannot replace " + path + ": " + why());
  }
  return {};
}

}  // namespace mcpctl::runtime
