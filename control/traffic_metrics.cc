#include "control/traffic_metrics.h"

#include "control/metric_page.h"

namespace mcpctl::control {
namespace {

using runtime::Outcome;
using runtime::ServerTraffic;
using runtime::Traffic;

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

struct Gauge {
  std::string_view name;
  std::string_view help;
  std::uint64_t ServerTraffic::* value;
};
constexpr Gauge gauges[] = {
    {"mcp_requests_in_flight", "Requests at the server.", &ServerTraffic::in_flight},
    {"mcp_requests_waiting", "Requests that wait for the server.", &ServerTraffic::waiting},
    {"mcp_clients", "Clients connected to the server.", &ServerTraffic::clients},
};

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
  for (const Gauge& gauge : gauges) {
    page.family(gauge.name, "gauge", gauge.help);
    for (const auto& [name, server] : traffic) {
      page.sample(label("server", name), static_cast<double>(server.*gauge.value));
    }
  }
  return page.take();
}

}  // namespace mcpctl::control
