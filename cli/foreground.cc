#include "cli/foreground.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "cli/quantities.h"
#include "control/json.h"
#include "control/log_query.h"

namespace mcpctl::cli {
namespace {

/// Of a server that has failed, and of one that is restarted.
constexpr std::size_t lines_of_failure = 5;
constexpr std::size_t lines_of_crash = 3;
/// Within so many lines of the others a server's own are still in sight.
constexpr std::uint64_t in_sight = 8;
/// Of one server whose output goes to a file.
constexpr std::size_t most_per_second = 1000;
constexpr Duration moment{1};

/// Sorted.
std::vector<std::string> names_of(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::Server& server : config.servers) names.push_back(server.name);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Duration next_patience(Duration waited) {
  for (const Duration step : {Duration{3'000}, Duration{10'000}, Duration{30'000}}) {
    if (waited < step) return step;
  }
  constexpr Duration minute{60'000};
  return (waited / minute + 1) * minute;
}

Foreground::Foreground(loop::Loop& loop, runtime::Supervisor& supervisor, Output& output,
                       LogStyle style, bool color)
    : loop_(loop),
      supervisor_(supervisor),
      output_(output),
      style_(style),
      color_(color),
      names_(names_of(supervisor.config())),
      format_(names_, color),
      patience_(loop),
      catching_up_(loop) {
  lines_ = supervisor.lines().subscribe([this](const runtime::NamedBlock& named) { show(named); });
  transitions_ = supervisor.feed().subscribe(
      [this](const runtime::Transitioned& transition) { show_soon(transition); });
}

void Foreground::show_soon(const runtime::Transitioned& transition) {
  unshown_.push_back(transition);
  if (!catching_up_.is_armed()) catching_up_.arm(moment, [this] { catch_up(); });
}

void Foreground::catch_up() {
  catching_up_.disarm();
  for (const auto& transition : std::exchange(unshown_, {})) show(transition);
}

void Foreground::show(const runtime::NamedBlock& named) {
  // Transitions have lines of their own here.
  if (output_.is_closed() || named.block.stream == runtime::Stream::state) return;
  catch_up();
  if (named.is_in_file && is_too_much(named)) return;
  runtime::for_each_line(named.block, [&](const runtime::Line& line) { show(named.server, line); });
}

/// Counts the block in.  The first one that is too much is answered with a word about it.
bool Foreground::is_too_much(const runtime::NamedBlock& named) {
  const std::int64_t second = named.block.unix_ms / 1000;
  Share& share = shares_.try_emplace(std::string{named.server}).first->second;
  if (share.second != second) share = {second, 0};
  if (share.lines > most_per_second) return true;
  share.lines += runtime::count_lines(named.block.text);
  if (share.lines <= most_per_second) return false;
  show(named.server, {0, named.block.unix_ms, runtime::Stream::note,
                      "more than " + std::to_string(most_per_second) +
                          " lines a second: the rest of this second is in its log file only"});
  return true;
}

void Foreground::show(std::string_view server, const runtime::Line& line) {
  if (style_ == LogStyle::json) {
    output_.write(control::to_json(supervisor_, server, line) + "\n");
    return;
  }
  last_line_[std::string{server}] = ++lines_shown_;
  const std::string text = config::redact(line.text, supervisor_.config().secrets);
  output_.write(format_.line(server, line.unix_ms, control::name(line.stream), text));
}

void Foreground::show(const runtime::Transitioned& transition) {
  if (output_.is_closed()) return;
  if (style_ == LogStyle::json) {
    output_.write(control::to_json(transition) + "\n");
    return;
  }
  follow_start(transition);
  show_text(transition);
}

void Foreground::show_text(const runtime::Transitioned& transition) {
  using supervisor::State;
  // A reload may have brought a server that the alignment does not know yet.
  if (!std::ranges::binary_search(names_, transition.server)) {
    names_ = names_of(supervisor_.config());
    format_ = LineFormat{names_, color_};
  }
  // Waiting for a free start slot is no news; ps and the events tell of it.
  if (transition.to == State::waiting) return;
  const std::string_view state = supervisor::name(transition.to);
  const bool says_more = transition.why_text != state;
  output_.write(format_.transition(transition.server, transition.unix_ms, state, transition.pid,
                                   says_more ? transition.why_text : ""));
  ++lines_shown_;
  if (transition.to == State::failed) show_last_words(transition, lines_of_failure);
  const bool crashed = transition.to == State::backoff && !has_just_spoken(transition.server);
  if (crashed) show_last_words(transition, lines_of_crash);
}

/// They may stand a thousand lines above by now.
void Foreground::show_last_words(const runtime::Transitioned& transition, std::size_t most) {
  const std::vector<std::string> words = supervisor_.last_words(transition.server);
  for (std::size_t i = words.size() - std::min(words.size(), most); i < words.size(); ++i) {
    output_.write(format_.explanation(transition.server, transition.unix_ms, words[i]));
  }
}

bool Foreground::has_just_spoken(const std::string& server) const {
  const auto last = last_line_.find(server);
  return last != last_line_.end() && lines_shown_ - last->second <= in_sight;
}

// ---- starts that take long ---------------------------------------------------------

void Foreground::follow_start(const runtime::Transitioned& transition) {
  if (transition.to == supervisor::State::starting) {
    const Instant now = loop_.now();
    const Instant next_line = now + next_patience(Duration{0});
    starts_[transition.server] = {now, next_line};
    if (!patience_.is_armed() || *patience_.deadline() > next_line) wake(next_line);
  } else if (starts_.erase(transition.server) > 0 && starts_.empty()) {
    patience_.disarm();
  }
}

void Foreground::wake(Instant when) {
  patience_.arm(when, [this] { tell_slow_starts(); });
}

void Foreground::tell_slow_starts() {
  const Instant now = loop_.now();
  std::optional<Instant> soonest;
  for (auto& [server, start] : starts_) {
    const Duration waited = now - start.began;
    const bool is_due = start.next_line <= now;
    if (is_due) start.next_line = start.began + next_patience(waited);
    soonest = std::min(soonest.value_or(start.next_line), start.next_line);
    if (!is_due) continue;
    const auto status = supervisor_.status_of(server, false);
    if (!status) continue;
    const std::int64_t unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
    // What the last probe met stands behind the reason: "its turn; no answer yet".
    const std::size_t met = status->why_text.find("; ");
    const std::string why = met == std::string::npos ? "" : status->why_text.substr(met);
    output_.write(format_.transition(server, unix_ms, "starting", status->pid.value_or(0),
                                     "for " + short_age(waited) + why));
  }
  if (soonest) wake(*soonest);
}

}  // namespace mcpctl::cli
