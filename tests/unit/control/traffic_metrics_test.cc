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
       }) {
    CAPTURE(line);
    CHECK(page.find(line + "\n") != std::string::npos);
  }
}

TEST_CASE("a fleet without clients shows no traffic") { CHECK(traffic_metrics({}).empty()); }
