#include "cli/top_view.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>

#include "cli/line_format.h"
#include "cli/ps_view.h"
#include "cli/quantities.h"
#include "cli/table.h"

namespace mcpctl::cli {
namespace {

using Lines = std::vector<std::string>;

constexpr std::array<std::string_view, 10> help{
    "  up, down, k, j      choose a server; page keys, g and G go farther",
    "  enter               its whole log; the same keys scroll, enter or esc comes back",
    "  r                   restart it",
    "  s                   stop it, or start it",
    "  K                   kill it (SIGKILL); its restart policy decides what follows",
    "  /                   show only servers whose name or state contains what you type",
    "  esc                 show all again",
    "  Ctrl-L              draw everything anew",
    "  ?                   this page; any key leaves it",
    "  q, Ctrl-C           leave; the fleet goes on",
};
constexpr std::string_view keys =
    "up/down choose  enter log  r restart  s stop/start  K kill  / filter  ? help  q quit";

/// Title, keys, the rule above the log and a line of it.
constexpr std::size_t besides_the_table = 4;

std::string cut(std::string_view text, const ScreenSize& size) {
  return shortened(text, size.columns);
}

/// "4 servers: 2 ready, 1 backoff, 1 failed"
std::string counts(const FleetView& fleet) {
  std::map<std::string, std::size_t> states;
  for (const ServerView& server : fleet.servers) ++states[server.state];
  std::string text =
      std::to_string(fleet.servers.size()) + (fleet.servers.size() == 1 ? " server" : " servers");
  // What is well first, then the rest by name.
  std::string listed;
  const auto add = [&listed](const std::string& state, std::size_t count) {
    listed += (listed.empty() ? ": " : ", ") + std::to_string(count) + " " + state;
  };
  if (states.contains("ready")) add("ready", states["ready"]);
  for (const auto& [state, count] : states) {
    if (state != "ready") add(state, count);
  }
  return text + listed;
}

std::string title(const TopState& state, const ScreenSize& size, bool color) {
  const FleetView& fleet = state.fleet();
  std::string text = fleet.fleet + "  " + counts(fleet);
  if (fleet.stopping) text += "  (stopping)";
  if (fleet.config_stale) text += "  (configuration stale)";
  if (!state.filter().empty()) text += "  filter: " + state.filter();
  return painted(cut(text, size), Tone::bold, color);
}

std::string last_line(const TopState& state, const ScreenSize& size, bool color) {
  if (state.is_typing()) return cut("/" + state.filter() + "_", size);
  if (!state.message().empty()) return painted(cut(state.message(), size), Tone::yellow, color);
  return painted(cut(keys, size), Tone::dim, color);
}

std::string share_text(const TopState& state, const ServerView& server) {
  const auto share = state.cpu_share(server.name);
  return share && server.pid ? std::to_string(*share) + "%" : "-";
}

Lines lines_in(const std::string& text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// The header and a line for each server, as wide as the screen.
Lines table_lines(const TopState& state, const ScreenSize& size, bool color) {
  Table table{{{""},
               {"NAME"},
               {"STATE"},
               {"PID", true, 5},
               {"UPTIME", true, 4},
               {"RESTARTS", true, 3},
               {"MEM", true, 1},
               {"CPU", true, 2},
               {"CALLS", true, 6},
               {"TOOLS", true, 7},
               {"WHY"}}};
  for (const ServerView* server : state.servers()) {
    const bool is_selected = server->name == state.selected();
    const bool speaks_mcp = !server->protocol_version.empty();
    table.add(
        {{is_selected ? ">" : " "},
         {shortened(safe_line(server->name), widest_name), is_selected ? Tone::bold : Tone::plain},
         {server->state, tone_of_state(server->state)},
         {server->pid ? std::to_string(*server->pid) : "-"},
         {server->uptime ? short_age(*server->uptime) : "-"},
         {std::to_string(server->restarts)},
         {server->memory_bytes ? short_bytes(*server->memory_bytes) : "-"},
         {share_text(state, *server)},
         {speaks_mcp ? std::to_string(server->calls) : "-"},
         {speaks_mcp ? std::to_string(server->tools) : "-"},
         {safe_line(reason_of(*server))}});
  }
  Lines lines = lines_in(table.render(Terminal{true, false, size.columns}));
  const bool fits = std::ranges::all_of(
      lines, [&size](const std::string& line) { return columns(line) <= size.columns; });
  if (fits && color) return lines_in(table.render(Terminal{true, true, size.columns}));
  for (std::string& line : lines) line = cut(line, size);
  return lines;
}

/// Of `count` servers as many as leave the log its half of the screen.
std::size_t list_rows(const TopState& state, const ScreenSize& size) {
  const std::size_t room =
      size.rows > besides_the_table + 1 ? size.rows - besides_the_table - 1 : 1;
  const std::size_t half = std::max<std::size_t>(1, room / 2);
  return std::min(state.servers().size(), std::max(half, room > 12 ? room - 12 : 0));
}

/// The header, and such servers that the selected one is among them.
Lines list(const TopState& state, const ScreenSize& size, bool color) {
  const Lines all = table_lines(state, size, color);
  const auto servers = state.servers();
  const std::size_t rows = list_rows(state, size);
  std::size_t place = 0;
  while (place < servers.size() && servers[place]->name != state.selected()) ++place;
  const std::size_t first = place < rows ? 0 : std::min(place - rows / 2, servers.size() - rows);
  Lines lines{all.front()};
  for (std::size_t i = first; i < first + rows; ++i) lines.push_back(all[i + 1]);
  if (servers.empty()) lines.push_back(cut("  no server matches; esc shows all", size));
  return lines;
}

/// In pieces that fit; a long line is no reason to lose its end.
Lines wrapped(std::string text, std::size_t width) {
  Lines pieces;
  while (columns(text) > width && width > 0) {
    std::size_t end = 0;
    for (std::size_t taken = 0; end < text.size(); ++end) {
      const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0u) != 0x80u;
      if (begins && taken++ == width) break;
    }
    pieces.push_back(text.substr(0, end));
    text.erase(0, end);
  }
  pieces.push_back(std::move(text));
  return pieces;
}

/// The lines of the log that fit into `rows`, the newest last, after those that were
/// scrolled past.
Lines log_lines(const TopState& state, const ScreenSize& size, std::size_t rows, bool wraps,
                bool color) {
  Lines shown;
  const auto& log = state.log();
  for (std::size_t i = log.size() - std::min(state.scrolled(), log.size());
       i > 0 && shown.size() < rows; --i) {
    const LogLineView& line = log[i - 1];
    const std::string time = line.unix_ms > 0 ? time_of_day(line.unix_ms) + " " : "";
    const std::string text = time + safe_line(line.text);
    const Tone tone = line.stream == "mcpctl" ? Tone::dim : Tone::plain;
    Lines pieces = wraps ? wrapped(text, size.columns) : Lines{cut(text, size)};
    for (auto piece = pieces.rbegin(); piece != pieces.rend() && shown.size() < rows; ++piece) {
      shown.push_back(painted(*piece, tone, color));
    }
  }
  std::ranges::reverse(shown);
  return shown;
}

std::string rule(std::string text, const ScreenSize& size, bool color) {
  std::string line = "-- " + text + " ";
  while (columns(line) < size.columns) line += "-";
  return painted(cut(line, size), Tone::dim, color);
}

std::string about_selected(const TopState& state) {
  const ServerView* server = state.selected_server();
  if (server == nullptr) return "no server";
  return safe_line(server->name) + ": " + server->state + ", " + safe_line(server->why);
}

void append(Lines& lines, Lines more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

}  // namespace

std::size_t page_lines(const TopState& state, const ScreenSize& size) {
  if (state.page() == TopState::Page::log) return size.rows > 3 ? size.rows - 3 : 1;
  return list_rows(state, size);
}

std::vector<std::string> render_top(const TopState& state, const ScreenSize& size, bool color) {
  Lines lines{title(state, size, color)};
  switch (state.page()) {
    case TopState::Page::help:
      lines.emplace_back();
      for (const std::string_view each : help) lines.push_back(cut(each, size));
      break;
    case TopState::Page::log: {
      const std::string back = state.scrolled() > 0
                                   ? "; " + std::to_string(state.scrolled()) + " newer lines below"
                                   : "";
      lines.push_back(rule(about_selected(state) + back, size, color));
      append(lines, log_lines(state, size, size.rows > 3 ? size.rows - 3 : 0, true, color));
      break;
    }
    case TopState::Page::fleet: {
      append(lines, list(state, size, color));
      lines.push_back(rule(about_selected(state), size, color));
      const std::size_t left = size.rows > lines.size() + 1 ? size.rows - lines.size() - 1 : 0;
      append(lines, log_lines(state, size, left, false, color));
      break;
    }
  }
  // The last line stands at the bottom, whatever had to be cut for it.
  lines.resize(size.rows > 0 ? size.rows - 1 : 0);
  if (size.rows > 0) lines.push_back(last_line(state, size, color));
  return lines;
}

}  // namespace mcpctl::cli
