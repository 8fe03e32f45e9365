#include "control/log_query.h"

#include <algorithm>
#include <compare>

#include "control/json.h"
#include "control/parameters.h"

namespace mcpctl::control {
namespace {

/// Drops the oldest entries until both limits hold.
void keep_newest(std::vector<LogEntry>& entries, std::size_t lines) {
  std::size_t kept = 0;
  std::size_t bytes = 0;
  while (kept < std::min(entries.size(), lines)) {
    bytes += entries[entries.size() - 1 - kept].line.text.size();
    if (bytes > most_bytes) break;
    ++kept;
  }
  entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kept));
}

void add_lines_of(runtime::Supervisor& supervisor, const std::string& server, const LogQuery& query,
                  std::vector<LogEntry>& entries) {
  const runtime::ServerLog* log = supervisor.log(server);
  if (log == nullptr) return;
  const bool filtered = query.since_ms > 0 || !query.grep.empty();
  std::size_t count = 0;
  const std::size_t first = entries.size();
  for (runtime::Line& line : log->tail(filtered ? most_lines : query.tail)) {
    if (!query.matches(line)) continue;
    entries.push_back({server, std::move(line)});
    ++count;
  }
  if (count > query.tail) {
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(first);
    entries.erase(begin, begin + static_cast<std::ptrdiff_t>(count - query.tail));
  }
}

}  // namespace

bool LogQuery::wants(std::string_view server) const {
  return servers.empty() || std::ranges::find(servers, server) != servers.end();
}

bool LogQuery::matches(const runtime::Line& line) const {
  return line.unix_ms >= since_ms && (grep.empty() || line.text.find(grep) != std::string::npos);
}

Result<LogQuery> log_query(const http::Request& request) {
  LogQuery query;
  query.servers = list_parameter(request, "server");
  if (request.parameter("tail") == "all") {
    query.tail = most_lines;
  } else {
    const auto tail = number_parameter(request, "tail");
    if (!tail) return std::unexpected{tail.error()};
    query.tail = std::min<std::size_t>(tail->value_or(query.tail), most_lines);
  }
  const auto since = number_parameter(request, "since_ms");
  if (!since) return std::unexpected{since.error()};
  query.since_ms =
      static_cast<std::int64_t>(std::min<std::uint64_t>(since->value_or(0), INT64_MAX));
  query.grep = std::string{request.parameter("grep").value_or("")};
  return query;
}

std::vector<LogEntry> merged(std::vector<LogEntry> entries) {
  struct Key {
    std::int64_t time;
    std::size_t index;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::int64_t time = entries[i].line.unix_ms;
    if (i > 0 && entries[i].server == entries[i - 1].server)
      time = std::max(time, keys[i - 1].time);
    keys.push_back({time, i});
  }
  std::ranges::sort(keys);
  std::vector<LogEntry> ordered;
  ordered.reserve(entries.size());
  for (const Key& key : keys) ordered.push_back(std::move(entries[key.index]));
  return ordered;
}

std::vector<LogEntry> matching_lines(runtime::Supervisor& supervisor, const LogQuery& query) {
  std::vector<LogEntry> entries;
  for (const config::Server& server : supervisor.config().servers) {
    if (query.wants(server.name)) add_lines_of(supervisor, server.name, query, entries);
  }
  entries = merged(std::move(entries));
  keep_newest(entries, query.tail);
  return entries;
}

std::string to_json(const runtime::Supervisor& supervisor, std::string_view server,
                    const runtime::Line& line) {
  return to_json(server, line, config::redact(line.text, supervisor.config().secrets));
}

}  // namespace mcpctl::control
