#include "spawn/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace mcpctl::spawn::cgroup {

using loop::Fd;

Fd open_directory(int parent, const char* name) {
  return Fd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
}

std::optional<std::string> read_text(int directory, const char* name) {
  const Fd fd{::openat(directory, name, O_RDONLY | O_CLOEXEC)};
  if (!fd) return std::nullopt;
  std::string text;
  char bytes[4096];
  ssize_t length;
  while ((length = ::read(fd.get(), bytes, sizeof bytes)) > 0) {
    text.append(bytes, static_cast<std::size_t>(length));
  }
  return length < 0 ? std::nullopt : std::optional{std::move(text)};
}

std::optional<std::uint64_t> read_number(int directory, const char* name, std::string_view key) {
  const Fd fd{::openat(directory, name, O_RDONLY | O_CLOEXEC)};
  char bytes[512];
  const ssize_t length = fd ? ::read(fd.get(), bytes, sizeof bytes) : -1;
  if (length < 0) return std::nullopt;
  return number_of({bytes, static_cast<std::size_t>(length)}, key);
}

int write_text(int directory, const char* name, std::string_view text) {
  const Fd fd{::openat(directory, name, O_WRONLY | O_CLOEXEC)};
  if (!fd) return errno;
  return ::write(fd.get(), text.data(), text.size()) >= 0 ? 0 : errno;
}

std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      std::uint64_t number = 0;
      std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), number);
      return number;
    }
  }
  return std::nullopt;
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) {
    const auto end = at + word.size();
    const bool starts = at == 0 || text[at - 1] == ' ';
    if (starts && (end == text.size() || text[end] == ' ' || text[end] == '\n')) return true;
  }
  return false;
}

std::vector<pid_t> processes(int directory, const char* list) {
  std::vector<pid_t> pids;
  const auto text = read_text(directory, list).value_or("");
  for (std::string_view rest{text}; !rest.empty();) {
    const std::string_view line = next_line(rest);
    pid_t pid = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), pid);
    if (parsed.ec == std::errc{}) pids.push_back(pid);
  }
  return pids;
}

}  // namespace mcpctl::spawn::cgroup
