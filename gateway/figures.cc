#include "gateway/figures.h"

#include <cstdio>

#include "mcp/text.h"

namespace mcpctl::gateway {
namespace {

constexpr std::size_t most_tools = 1000;
constexpr std::size_t longest_label = 128;
constexpr int client_gone = 499;

std::string label(std::string_view key, std::string_view value) {
  std::string text{key};
  text += "=\"";
  for (const char c : mcp::printable(value, longest_label)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text + '"';
}

void family(std::string& page, std::string_view name, std::string_view type,
            std::string_view help) {
  for (const std::string_view part :
       {std::string_view{"# HELP "}, name, std::string_view{" "}, help,
        std::string_view{"\n# TYPE "}, name, std::string_view{" "}, type, std::string_view{"\n"}}) {
    page += part;
  }
}

void sample(std::string& page, std::string_view name, const std::string& labels,
            std::uint64_t value) {
  page += name;
  if (!labels.empty()) page += "{" + labels + "}";
  page += " " + std::to_string(value) + "\n";
}

std::string seconds(std::uint64_t milliseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", static_cast<double>(milliseconds) / 1000);
  return text;
}

}  // namespace

void Figures::count(const Visit& visit, int status, bool is_error, Duration took) {
  if (visit.method.empty()) return;  // a stream, or nothing that was understood
  const std::string method{known_method(visit.method)};
  ++requests_[{visit.server, method, status}];
  if (status == client_gone) ++gone_;
  if (method == "tools/call" && status == 200) {
    // A client may make up names: only an answer makes a tool known.
    const std::tuple answered{visit.server, visit.tool, false};
    const bool is_known =
        tool_calls_.contains(answered) || (!is_error && tool_calls_.size() < most_tools);
    ++tool_calls_[{visit.server, is_known ? visit.tool : "other", is_error}];
  }
  const auto milliseconds = static_cast<std::uint64_t>(took.count());
  std::size_t bucket = 0;
  while (bucket < bounds.size() && took.count() > bounds[bucket]) ++bucket;
  ++durations_[bucket];
  duration_ms_ += milliseconds;
}

std::string Figures::text(const Occupancy& now) const {
  std::string page;
  family(page, "mcp_requests_total", "counter", "Messages of clients, by the status of HTTP.");
  for (const auto& [key, count] : requests_) {
    const auto& [server, method, status] = key;
    sample(page, "mcp_requests_total",
           label("server", server) + "," + label("method", method) + "," +
               label("status", std::to_string(status)),
           count);
  }
  family(page, "mcp_tool_calls_total", "counter", "Answered calls of tools.");
  for (const auto& [key, count] : tool_calls_) {
    const auto& [server, tool, is_error] = key;
    sample(page, "mcp_tool_calls_total",
           label("server", server) + "," + label("tool", tool) + "," +
               label("status", is_error ? "error" : "ok"),
           count);
  }
  family(page, "mcp_request_duration_seconds", "histogram", "From a request to its last answer.");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    total += durations_[i];
    sample(page, "mcp_request_duration_seconds_bucket",
           label("le", seconds(static_cast<std::uint64_t>(bounds[i]))), total);
  }
  total += durations_.back();
  sample(page, "mcp_request_duration_seconds_bucket", label("le", "+Inf"), total);
  page += "mcp_request_duration_seconds_sum " + seconds(duration_ms_) + "\n";
  sample(page, "mcp_request_duration_seconds_count", "", total);
  family(page, "mcp_clients_gone_total", "counter", "Clients that went before their answer.");
  sample(page, "mcp_clients_gone_total", "", gone_);
  family(page, "mcp_sessions", "gauge", "Sessions of legacy clients.");
  sample(page, "mcp_sessions", "", now.sessions);
  family(page, "mcp_requests_in_flight", "gauge", "Requests of clients under way.");
  sample(page, "mcp_requests_in_flight", "", now.in_flight);
  family(page, "mcp_connections", "gauge", "Connections of clients.");
  sample(page, "mcp_connections", "", now.connections);
  return page;
}

}  // namespace mcpctl::gateway
