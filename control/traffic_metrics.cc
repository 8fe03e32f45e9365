#include "control/traffic_metrics.h"

#include <array>
#include <span>

#include "control/metric_page.h"

namespace mcpctl::control {
namespace {

using runtime::CancelledBy;
using runtime::Outcome;
using runtime::ServerTraffic;
using runtime::Traffic;
using runtime::UpstreamError;

void tally(MetricPage& page, const std::string& server, std::string_view key,
           const runtime::Tally& counts) {
  for (const auto& [name, by_outcome] : counts.counts()) {
    for (const Outcome outcome : {Outcome::ok, Outcome::error, Outcome::cancelled}) {
      const auto count = by_outcome[static_cast<std::size_t>(outcome)];
      if (count == 0) continue;
      page.sample(server + "," + label(key, name) + "," + label("status", runtime::name(outcome)),
                  static_cast<double>(count));
    }
  }
}

double seconds(Duration time) { return static_cast<double>(time.count()) / 1000; }

std::string bound_text(std::size_t index) {
  if (index == runtime::Latency::bounds.size()) return "+Inf";
  std::string text = std::to_string(seconds(runtime::Latency::bounds[index]));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void histogram(MetricPage& page, const std::string& server, const runtime::Latency& latency) {
  const auto sums = latency.cumulative();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    page.sample(server + "," + label("le", bound_text(i)), static_cast<double>(sums[i]), "_bucket");
  }
  page.sample(server, seconds(latency.sum()), "_sum");
  page.sample(server, static_cast<double>(sums.back()), "_count");
}

/// One sample a kind, also of those that never occurred: rates begin at 0.
template <class Kind, std::size_t count>
void by_kind(MetricPage& page, const std::string& server, std::string_view key,
             const std::array<std::uint64_t, count>& counts, Kind first) {
  for (auto i = static_cast<std::size_t>(first); i < count; ++i) {
    page.sample(server + "," + label(key, runtime::name(static_cast<Kind>(i))),
                static_cast<double>(counts[i]));
  }
}

struct Figure {
  std::string_view name;
  std::string_view help;
  std::uint64_t ServerTraffic::* value;
};
constexpr Figure byte_counters[] = {
    {"mcp_request_bytes_total", "Messages of clients to the server.",
     &ServerTraffic::request_bytes},
    {"mcp_response_bytes_total", "Messages of the server to clients.",
     &ServerTraffic::response_bytes},
};
constexpr Figure gauges[] = {
    {"mcp_requests_in_flight", "Requests at the server.", &ServerTraffic::in_flight},
    {"mcp_requests_waiting", "Requests that wait for the server.", &ServerTraffic::waiting},
    {"mcp_clients", "Clients connected to the server.", &ServerTraffic::clients},
};

void figures(MetricPage& page, const Traffic& traffic, std::string_view type,
             std::span<const Figure> all) {
  for (const Figure& figure : all) {
    page.family(figure.name, type, figure.help);
    for (const auto& [name, server] : traffic) {
      page.sample(label("server", name), static_cast<double>(server.*figure.value));
    }
  }
}

}  // namespace

std::string traffic_metrics(const Traffic& traffic) {
  if (traffic.empty()) return "";
  MetricPage page;
  page.family("mcp_requests_total", "counter", "Requests of clients that have ended.");
  for (const auto& [name, server] : traffic) {
    tally(page, label("server", name), "method", server.methods);
  }
  page.family("mcp_tool_calls_total", "counter", "Tool calls of clients that have ended.");
  for (const auto& [name, server] : traffic) {
    tally(page, label("server", name), "tool", server.tools);
  }
  page.family("mcp_request_duration_seconds", "histogram",
              "From a request's arrival to its response, waiting included.");
  for (const auto& [name, server] : traffic) {
    histogram(page, label("server", name), server.latency);
  }
  page.family("mcp_upstream_errors_total", "counter",
              "Requests that ended with an error and without an answer of the server's.");
  for (const auto& [name, server] : traffic) {
    by_kind(page, label("server", name), "kind", server.errors, UpstreamError::timeout);
  }
  page.family("mcp_cancellations_total", "counter",
              "Requests taken back before their answer; by timeout: at a late server.");
  for (const auto& [name, server] : traffic) {
    by_kind(page, label("server", name), "by", server.cancellations, CancelledBy::client);
  }
  figures(page, traffic, "counter", byte_counters);
  figures(page, traffic, "gauge", gauges);
  return page.take();
}

}  // namespace mcpctl::control
