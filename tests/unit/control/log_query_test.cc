#include "control/log_query.h"
#include "requests.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::control;
using mcpctl::control::testing::request;

namespace {

LogEntry entry(std::string server, std::uint64_t sequence, std::int64_t unix_ms) {
  return {std::move(server), {sequence, unix_ms, runtime::Stream::err, "text"}};
}

std::string order_of(const std::vector<LogEntry>& entries) {
  std::string order;
  for (const LogEntry& each : entries) {
    order += each.server + std::to_string(each.line.sequence) + " ";
  }
  return order;
}

}  // namespace

TEST_CASE("lines of several servers are merged by their times") {
  CHECK(order_of(merged({entry("a", 1, 10), entry("a", 2, 30), entry("b", 1, 20),
                         entry("b", 2, 40)})) == "a1 b1 a2 b2 ");
}

TEST_CASE("lines of one moment stand in the order of the servers") {
  CHECK(order_of(merged({entry("b", 1, 10), entry("b", 2, 10), entry("a", 1, 10)})) == "b1 b2 a1 ");
}

TEST_CASE("a wall clock that is set back does not turn a server's lines around") {
  CHECK(order_of(merged({entry("a", 1, 1000), entry("a", 2, 5), entry("b", 1, 50)})) ==
        "b1 a1 a2 ");
}

TEST_CASE("a query has defaults, limits and errors that name the parameter") {
  const auto plain = log_query(request("/logs"));
  REQUIRE(plain);
  CHECK(plain->tail == 100);
  CHECK(plain->wants("anything"));

  CHECK(log_query(request("/logs?tail=all"))->tail == most_lines);
  CHECK(log_query(request("/logs?tail=99999999"))->tail == most_lines);
  CHECK_FALSE(log_query(request("/logs?server=a,b"))->wants("c"));
  CHECK(log_query(request("/logs?since_ms=soon")).error().message ==
        "cannot read the parameter \"since_ms\": it must be a whole number");
}

TEST_CASE("grep is plain text, however much it looks like an expression") {
  LogQuery query;
  query.grep = "a.*b(";

  CHECK(query.matches({1, 0, runtime::Stream::err, "x a.*b( y"}));
  CHECK_FALSE(query.matches({1, 0, runtime::Stream::err, "a b"}));
}
