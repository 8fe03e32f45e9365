#include "control/log_follower.h"

#include <algorithm>
#include <set>

#include "control/json.h"

namespace mcpctl::control {
namespace {

/// Lines of one server looked at in one go while catching up.
constexpr std::size_t batch = 256;

}  // namespace

LogFollower::LogFollower(runtime::Supervisor& supervisor, LogQuery query, http::Exchange exchange,
                         loop::Callback<> on_gone)
    : supervisor_(supervisor),
      query_(std::move(query)),
      stream_(std::move(exchange), [this] { catch_up(); }, std::move(on_gone)) {
  for (const config::Server& server : supervisor.config().servers) {
    const runtime::ServerLog* log = supervisor.log(server.name);
    if (log != nullptr && query_.wants(server.name)) next_[server.name] = log->next_sequence();
  }
  send_tail();
  subscription_ =
      supervisor.lines().subscribe([this](const runtime::NamedBlock& named) { take(named); });
}

/// What does not go out at once is caught up with, server by server from its first
/// line that did not.
void LogFollower::send_tail() {
  std::set<std::string> unsent;
  for (const LogEntry& entry : matching_lines(supervisor_, query_)) {
    if (!stream_.is_congested()) {
      stream_.send("", "line", to_json(supervisor_, entry.server, entry.line));
    } else if (unsent.insert(entry.server).second) {
      next_[entry.server] = entry.line.sequence;
    }
  }
  is_behind_ = stream_.is_congested();
}

void LogFollower::take(const runtime::NamedBlock& named) {
  if (!query_.wants(named.server)) return;
  const std::string server{named.server};
  runtime::for_each_line(named.block, [&](const runtime::Line& line) {
    if (is_behind_) return;
    send(server, line);
    is_behind_ = stream_.is_congested();
  });
}

/// Advances past the line, whether it matches or not.
void LogFollower::send(const std::string& server, const runtime::Line& line) {
  const auto [position, is_new] = next_.try_emplace(server, line.sequence);
  if (line.sequence > position->second) {
    stream_.send("", "skipped",
                 "{\"server\":" + control::quoted(server) +
                     ",\"lines\":" + std::to_string(line.sequence - position->second) + "}");
  }
  position->second = line.sequence + 1;
  if (query_.matches(line)) stream_.send("", "line", to_json(supervisor_, server, line));
}

std::vector<LogEntry> LogFollower::missed() {
  std::vector<LogEntry> entries;
  for (const config::Server& server : supervisor_.config().servers) {
    const runtime::ServerLog* log = supervisor_.log(server.name);
    if (log == nullptr || !query_.wants(server.name)) continue;
    auto& next = next_.try_emplace(server.name, log->next_sequence()).first->second;
    // A server that was removed and came back counts from 1 again.
    next = std::min(next, log->next_sequence());
    for (runtime::Line& line : log->since(next, batch)) {
      entries.push_back({server.name, std::move(line)});
    }
  }
  return merged(std::move(entries));
}

void LogFollower::catch_up() {
  if (!is_behind_) return;
  while (!stream_.is_congested()) {
    const std::vector<LogEntry> entries = missed();
    if (entries.empty()) {
      is_behind_ = false;
      return;
    }
    for (const LogEntry& entry : entries) {
      if (stream_.is_congested()) return;
      send(entry.server, entry.line);
    }
  }
}

}  // namespace mcpctl::control
