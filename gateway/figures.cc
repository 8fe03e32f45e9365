#include "gateway/figures.h"

#include <cstdio>

#include "mcp/text.h"

namespace mcpctl::gateway {
namespace {

constexpr std::size_t longest_label = 128;

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

void Figures::count(const Visit& visit, int status, Duration took) {
  if (visit.method.empty()) return;  // a stream, or nothing that was understood
  const std::string_view method = known_method(visit.method);
  const auto labels = std::tuple{std::string_view{visit.server}, method, status};
  if (last_ == nullptr || last_->first != labels) {
    auto found = requests_.find(labels);
    if (found == requests_.end()) {
      found = requests_.try_emplace({visit.server, std::string{method}, status}).first;
    }
    last_ = &*found;
  }
  ++last_->second;
  const auto milliseconds = static_cast<std::uint64_t>(took.count());
  std::size_t bucket = 0;
  while (bucket < bounds.size() && took.count() > bounds[bucket]) ++bucket;
  ++durations_[bucket];
  duration_ms_ += milliseconds;
}

std::string Figures::text(const Occupancy& now) const {
  std::string page;
  family(page, "mcp_http_requests_total", "counter",
         "Messages of clients; 499: the client went first.");
  for (const auto& [key, count] : requests_) {
    const auto& [server, method, status] = key;
    sample(page, "mcp_http_requests_total",
           label("server", server) + "," + label("method", method) + "," +
               label("status", std::to_string(status)),
           count);
  }
  family(page, "mcp_http_request_duration_seconds", "histogram",
         "From a request to its last answer.");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    total += durations_[i];
    sample(page, "mcp_http_request_duration_seconds_bucket",
           label("le", seconds(static_cast<std::uint64_t>(bounds[i]))), total);
  }
  total += durations_.back();
  sample(page, "mcp_http_request_duration_seconds_bucket", label("le", "+Inf"), total);
  page += "mcp_http_request_duration_seconds_sum " + seconds(duration_ms_) + "\n";
  sample(page, "mcp_http_request_duration_seconds_count", "", total);
  family(page, "mcp_http_sessions", "gauge", "Sessions of legacy clients.");
  sample(page, "mcp_http_sessions", "", now.sessions);
  family(page, "mcp_http_connections", "gauge", "Connections of clients.");
  sample(page, "mcp_http_connections", "", now.connections);
  return page;
}

}  // namespace mcpctl::gateway
