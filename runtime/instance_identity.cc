// Under which name an Instance goes: its log, the marks of its processes, and how two
// instances exchange them when one replaces the other.
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/instance.h"

namespace mcpctl::runtime {

ServerLog::Callbacks Instance::log_callbacks() {
  ServerLog::Callbacks callbacks;
  callbacks.on_trouble = [this](const Error& trouble) { note(trouble.message); };
  callbacks.on_relief = [this] {
    if (!process_) return;
    process_->pause_stdout(false);
    process_->pause_stderr(false);
  };
  callbacks.redact = [this](std::string_view text) -> std::optional<std::string> {
    if (!config::mentions(text, around_.secrets)) return std::nullopt;
    return config::redact(text, around_.secrets);
  };
  return callbacks;
}

spawn::Cookie Instance::cookie(std::string_view suffix) const {
  std::string name = marked_as_.empty() ? config_->name : marked_as_;
  name += suffix;
  return {around_.fleet, std::move(name), Incarnation{spawn_number_}, around_.self};
}

void Instance::exchange_names(Instance& other) {
  std::string ours = config_->name;
  rename(other.config_->name);
  other.rename(ours);
  std::swap(log_, other.log_);
  log_->serve(config_->logs, log_callbacks());
  other.log_->serve(other.config_->logs, other.log_callbacks());
}

void Instance::rename(const std::string& name) {
  config_->name = name;
  if (running_) running_->name = name;
  for (const Stream stream : {Stream::out, Stream::err}) log_->end(stream);
  line_watch_.reset();  // of the log that goes; whoever gave it is ready
}

}  // namespace mcpctl::runtime
