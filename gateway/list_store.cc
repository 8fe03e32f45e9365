#include "gateway/list_store.h"

#include <utility>

#include "base/hex.h"
#include "config/sha256.h"
#include "runtime/state_file.h"

namespace mcpctl::gateway {
namespace {

/// Several lists come one after the other.
constexpr Duration write_delay{500};

}  // namespace

std::string identity_of(const config::Server& server) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += std::to_string(part.size()) + ':';
    text += part;
  };
  add(std::to_string(static_cast<int>(server.transport)));
  add(server.command);
  for (const std::string& argument : server.args) add(argument);
  add(server.cwd);
  add(server.url);
  for (const config::Variables* variables : {&server.env, &server.headers}) {
    add(std::to_string(variables->size()));
    for (const auto& [name, value] : *variables) {
      add(name);
      add(value);
    }
  }
  return hex(config::sha256(text));
}

ListStore::ListStore(loop::Loop& loop, std::string path,
                     std::function<void(std::string_view)> on_trouble)
    : loop_(loop), path_(std::move(path)), on_trouble_(std::move(on_trouble)), soon_(loop) {
  if (path_.empty()) return;
  const auto text = runtime::load_text(path_);
  if (!text) {
    on_trouble_(text.error().message + "; lazy servers are not known before they run");
  } else if (*text) {
    auto known = relay::decode_known_servers(**text);
    if (known) {
      known_ = std::move(*known);
    } else {
      on_trouble_("cannot read " + path_ + ": " + known.error().message +
                  "; lazy servers are not known before they run");
    }
  }
}

ListStore::~ListStore() {
  // Beside a write that is under way there is no room for another.
  if (is_dirty_ && !writing_.is_running()) {
    told(runtime::save_state(path_, relay::encode(known_)));
  }
}

const relay::KnownServer* ListStore::find(std::string_view server,
                                          std::string_view identity) const {
  const auto found = known_.find(server);
  return found != known_.end() && found->second.identity == identity ? &found->second : nullptr;
}

void ListStore::put(const std::string& server, relay::KnownServer known) {
  known_.insert_or_assign(server, std::move(known));
  change();
}

void ListStore::keep_only(const std::set<std::string>& servers) {
  const bool fewer =
      std::erase_if(known_, [&](const auto& known) { return !servers.contains(known.first); }) > 0;
  if (fewer) change();
}

void ListStore::change() {
  is_dirty_ = !path_.empty();
  if (is_dirty_ && !soon_.is_armed()) soon_.arm(write_delay, [this] { write(); });
}

void ListStore::write() {
  if (writing_.is_running()) return soon_.arm(write_delay, [this] { write(); });
  is_dirty_ = false;
  writing_ = loop::run_on_threadpool(
      loop_,
      [path = path_, text = relay::encode(known_)] { return runtime::save_state(path, text); },
      [this](const Result<void>& written) {
        writing_ = {};
        told(written);
      });
}

void ListStore::told(const Result<void>& written) {
  if (!written) on_trouble_(written.error().message);
}

}  // namespace mcpctl::gateway
