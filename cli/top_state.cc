#include "cli/top_state.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace mcpctl::cli {
namespace {

/// ASCII is enough for names of states, and what a name has beyond it is compared as is.
std::string lowered(std::string text) {
  for (char& c : text) c = lower(c);
  return text;
}

std::ptrdiff_t signed_size(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

void remove_last_character(std::string& text) {
  while (!text.empty()) {
    const bool is_continuation = (static_cast<unsigned char>(text.back()) & 0xc0u) == 0x80u;
    text.pop_back();
    if (!is_continuation) return;
  }
}

}  // namespace

// ---- what is known -----------------------------------------------------------------

void TopState::update(FleetView fleet, Instant at) {
  std::map<std::string, Cpu> measured;
  for (const ServerView& server : fleet.servers) {
    if (!server.cpu) continue;
    Cpu now{server.incarnation, *server.cpu, at, {}};
    const auto before = cpu_.find(server.name);
    if (before != cpu_.end() && before->second.incarnation == now.incarnation) {
      const Duration passed = at - before->second.at;
      // Two looks within a moment tell nothing: wait for a longer stretch.
      if (passed < Duration{500}) {
        measured[server.name] = before->second;
        continue;
      }
      const Duration used = std::max(Duration{0}, now.used - before->second.used);
      now.share = static_cast<unsigned>(100 * used / passed);
    }
    measured[server.name] = now;
  }
  cpu_ = std::move(measured);
  fleet_ = std::move(fleet);
  keep_selection();
}

std::optional<unsigned> TopState::cpu_share(const std::string& server) const {
  const auto known = cpu_.find(server);
  return known == cpu_.end() ? std::nullopt : known->second.share;
}

void TopState::add_line(LogLineView line) {
  if (line.server != selected_) return;
  log_.push_back(std::move(line));
  // Who has scrolled back reads on in peace.
  if (scrolled_ > 0) ++scrolled_;
  if (log_.size() > most_lines) log_.pop_front();
  scrolled_ = std::min(scrolled_, log_.size() - 1);
}

void TopState::add_gap(const std::string& text) {
  LogLineView line;
  line.server = selected_;
  line.stream = "mcpctl";
  line.text = text;
  add_line(std::move(line));
}

std::vector<const ServerView*> TopState::servers() const {
  const std::string wanted = lowered(filter_);
  std::vector<const ServerView*> shown;
  for (const ServerView& server : fleet_.servers) {
    const bool matches = lowered(server.name).find(wanted) != std::string::npos ||
                         server.state.find(wanted) != std::string::npos;
    if (matches) shown.push_back(&server);
  }
  return shown;
}

// ---- the selection -----------------------------------------------------------------

void TopState::select(const std::string& server) {
  if (server == selected_) return;
  selected_ = server;
  log_.clear();
  scrolled_ = 0;
}

/// The selected one may be filtered out, or gone from the configuration: then whoever
/// stands in its place.
void TopState::keep_selection() {
  const auto shown = servers();
  if (shown.empty()) return select("");
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i]->name == selected_) {
      place_ = i;
      return;
    }
  }
  place_ = std::min(place_, shown.size() - 1);
  select(shown[place_]->name);
}

void TopState::move(std::ptrdiff_t by) {
  const auto shown = servers();
  if (shown.empty()) return;
  const std::ptrdiff_t last = signed_size(shown.size()) - 1;
  place_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(signed_size(place_) + by, 0, last));
  select(shown[place_]->name);
}

void TopState::scroll(std::ptrdiff_t by) {
  const std::ptrdiff_t most = log_.empty() ? 0 : signed_size(log_.size()) - 1;
  scrolled_ =
      static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(signed_size(scrolled_) + by, 0, most));
}

// ---- keys --------------------------------------------------------------------------

TopState::Request TopState::press(const Key& key, std::size_t page_lines) {
  message_.clear();
  if (key.kind == Key::Kind::interrupt) return {Request::Kind::quit};
  if (key.kind == Key::Kind::redraw) return {Request::Kind::redraw};
  if (is_typing_) {
    press_in_filter(key);
    return {};
  }
  if (page_ == Page::help) {
    page_ = Page::fleet;  // any key
    return {};
  }
  if (page_ == Page::log) {
    press_in_log(key, page_lines);
    return {};
  }
  return press_in_fleet(key, page_lines);
}

TopState::Request TopState::press_in_fleet(const Key& key, std::size_t page_lines) {
  const std::ptrdiff_t page = std::max<std::ptrdiff_t>(1, signed_size(page_lines));
  switch (key.kind) {
    case Key::Kind::up: move(-1); return {};
    case Key::Kind::down: move(1); return {};
    case Key::Kind::page_up: move(-page); return {};
    case Key::Kind::page_down: move(page); return {};
    case Key::Kind::home: move(-signed_size(fleet_.servers.size())); return {};
    case Key::Kind::end: move(signed_size(fleet_.servers.size())); return {};
    case Key::Kind::enter:
      if (!selected_.empty()) page_ = Page::log;
      return {};
    case Key::Kind::escape:
      filter_.clear();
      keep_selection();
      return {};
    default: break;
  }
  if (key.is("q")) return {Request::Kind::quit};
  if (key.is("k")) move(-1);
  if (key.is("j")) move(1);
  if (key.is("g")) move(-signed_size(fleet_.servers.size()));
  if (key.is("G")) move(signed_size(fleet_.servers.size()));
  if (key.is("/")) is_typing_ = true;
  if (key.is("?") || key.is("h")) page_ = Page::help;
  if (key.is("r")) return command("restart");
  if (key.is("K")) return command("kill");
  if (key.is("s")) {
    const ServerView* server = selected_server();
    return command(server != nullptr && server->goal == "up" ? "stop" : "start");
  }
  return {};
}

void TopState::press_in_log(const Key& key, std::size_t page_lines) {
  const std::ptrdiff_t page = std::max<std::ptrdiff_t>(1, signed_size(page_lines));
  const std::ptrdiff_t all = signed_size(log_.size());
  if (key.kind == Key::Kind::up || key.is("k")) return scroll(1);
  if (key.kind == Key::Kind::down || key.is("j")) return scroll(-1);
  if (key.kind == Key::Kind::page_up) return scroll(page);
  if (key.kind == Key::Kind::page_down || key.is(" ")) return scroll(-page);
  if (key.kind == Key::Kind::home || key.is("g")) return scroll(all);
  if (key.kind == Key::Kind::end || key.is("G")) return scroll(-all);
  if (key.kind == Key::Kind::enter || key.kind == Key::Kind::escape || key.is("q")) {
    page_ = Page::fleet;
    scrolled_ = 0;
  }
}

void TopState::press_in_filter(const Key& key) {
  switch (key.kind) {
    case Key::Kind::enter: is_typing_ = false; break;
    case Key::Kind::escape:
      is_typing_ = false;
      filter_.clear();
      break;
    case Key::Kind::backspace: remove_last_character(filter_); break;
    case Key::Kind::character:
      if (filter_.size() < 64) filter_ += key.text;
      break;
    default: break;
  }
  keep_selection();
}

TopState::Request TopState::command(std::string_view verb) const {
  if (selected_.empty()) return {};
  return {Request::Kind::command, std::string{verb}, selected_};
}

}  // namespace mcpctl::cli
