#include "control/traffic_metrics.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::control;
using runtime::Outcome;

TEST_CASE("traffic is told by server, method, tool and outcome") {
  runtime::Traffic traffic;
  runtime::ServerTraffic& weather = traffic["weather"];
  weather.methods.count("tools/call", Outcome::ok);
  weather.tools.count("fore\"cast", Outcome::ok);
  weather.methods.count("tools/list", Outcome::error);
  weather.latency.observe(Duration{20});
  weather.waiting = 3;
  weather.request_bytes = 120;
  weather.response_bytes = 4096;
  weather.count(runtime::UpstreamError::timeout);
  weather.count(runtime::UpstreamError::none);
  weather.count(runtime::CancelledBy::disconnect);

  const std::string page = traffic_metrics(traffic);

  for (const std::string line : {
           R"(mcp_requests_total{server="weather",method="tools/call",status="ok"} 1)",
           R"(mcp_requests_total{server="weather",method="tools/list",status="error"} 1)",
           R"(mcp_tool_calls_total{server="weather",tool="fore\"cast",status="ok"} 1)",
           R"(mcp_request_duration_seconds_bucket{server="weather",le="0.01"} 0)",
           R"(mcp_request_duration_seconds_bucket{server="weather",le="0.025"} 1)",
           R"(mcp_request_duration_seconds_bucket{server="weather",le="+Inf"} 1)",
           R"(mcp_request_duration_seconds_sum{server="weather"} 0.02)",
           R"(mcp_requests_waiting{server="weather"} 3)",
           R"(mcp_request_bytes_total{server="weather"} 120)",
           R"(mcp_response_bytes_total{server="weather"} 4096)",
           R"(mcp_upstream_errors_total{server="weather",kind="timeout"} 1)",
           R"(mcp_cancellations_total{server="weather",by="disconnect"} 1)",
       }) {
    CAPTURE(line);
    CHECK(page.find(line + "\n") != std::string::npos);
  }
}

TEST_CASE("what can be counted is there from the start, with 0") {
  runtime::Traffic traffic;
  traffic["weather"];

  const std::string page = traffic_metrics(traffic);

  for (const std::string kind : {"timeout", "queue_timeout", "overloaded", "unavailable", "gone",
                                 "connection", "http_status", "protocol"}) {
    CAPTURE(kind);
    CHECK(page.contains(R"(mcp_upstream_errors_total{server="weather",kind=")" + kind + "\"} 0\n"));
  }
  for (const std::string by : {"client", "disconnect", "timeout"}) {
    CAPTURE(by);
    CHECK(page.contains(R"(mcp_cancellations_total{server="weather",by=")" + by + "\"} 0\n"));
  }
  CHECK(page.contains("mcp_request_bytes_total{server=\"weather\"} 0\n"));
  CHECK(page.contains("mcp_response_bytes_total{server=\"weather\"} 0\n"));
  CHECK_FALSE(page.contains("\"none\""));
}

TEST_CASE("a fleet without clients shows no traffic") { CHECK(traffic_metrics({}).empty()); }
