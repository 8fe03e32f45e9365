#include "cli/foreground.h"

#include <algorithm>

#include "control/json.h"
#include "control/log_query.h"

namespace mcpctl::cli {
namespace {

constexpr std::size_t lines_of_stderr = 5;

std::vector<std::string> names_of(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::Server& server : config.servers) names.push_back(server.name);
  return names;
}

}  // namespace

Foreground::Foreground(runtime::Supervisor& supervisor, Output& output, LogStyle style, bool color)
    : supervisor_(supervisor),
      output_(output),
      style_(style),
      color_(color),
      names_(names_of(supervisor.config())),
      format_(names_, color) {
  lines_ = supervisor.lines().subscribe([this](const runtime::NamedLine& named) { show(named); });
  transitions_ = supervisor.feed().subscribe(
      [this](const runtime::Transitioned& transition) { show(transition); });
}

void Foreground::show(const runtime::NamedLine& named) {
  // Transitions have lines of their own here.
  if (output_.is_closed() || named.line.stream == runtime::Stream::state) return;
  if (style_ == LogStyle::json) {
    output_.write(control::to_json(supervisor_, named.server, named.line) + "\n");
    return;
  }
  const std::string text = config::redact(named.line.text, supervisor_.config().secrets);
  output_.write(
      format_.line(named.server, named.line.unix_ms, control::name(named.line.stream), text));
}

void Foreground::show(const runtime::Transitioned& transition) {
  if (output_.is_closed()) return;
  if (style_ == LogStyle::json) {
    output_.write(control::to_json(transition) + "\n");
    return;
  }
  // A reload may have brought a server that the alignment does not know yet.
  if (std::ranges::find(names_, transition.server) == names_.end()) {
    names_ = names_of(supervisor_.config());
    format_ = LineFormat{names_, color_};
  }
  // Waiting for a free start slot is no news; ps and the events tell of it.
  if (transition.to == supervisor::State::waiting) return;
  const std::string_view state = supervisor::name(transition.to);
  const bool says_more = transition.why_text != state;
  output_.write(format_.transition(transition.server, transition.unix_ms, state, transition.pid,
                                   says_more ? transition.why_text : ""));
  if (transition.to == supervisor::State::failed) explain_failure(transition);
}

/// Its last words may stand a thousand lines above by now.
void Foreground::explain_failure(const runtime::Transitioned& transition) {
  const auto status = supervisor_.status_of(transition.server, false);
  if (!status) return;
  const std::size_t count = status->stderr_tail.size();
  for (std::size_t i = count - std::min(count, lines_of_stderr); i < count; ++i) {
    output_.write(
        format_.explanation(transition.server, transition.unix_ms, status->stderr_tail[i]));
  }
}

}  // namespace mcpctl::cli
