#include "health/notification.h"

#include <doctest/doctest.h>

#include <string>

namespace mcpctl::health {
namespace {

using namespace std::chrono_literals;

TEST_CASE("every variable that we follow is read from one datagram") {
  const Notification n = parse_notification(
      "READY=1\nSTATUS=Serving 3 clients\nWATCHDOG=1\nSTOPPING=1\nEXTEND_TIMEOUT_USEC=1500001\n"
      "MAINPID=4711\n");
  CHECK(n.ready);
  CHECK(n.watchdog_fed);
  CHECK(n.stopping);
  CHECK(n.status == "Serving 3 clients");
  CHECK(n.extend_timeout == 1501ms);
}

TEST_CASE("only the value 1 means yes") {
  for (const std::string_view datagram :
       {"", "READY=0", "READY=", "READY", "READY=11", " READY=1", "ready=1", "XREADY=1", "=1"}) {
    CAPTURE(datagram);
    CHECK_FALSE(parse_notification(datagram).ready);
  }
  CHECK(parse_notification("READY=1").ready);
  CHECK(parse_notification("\n\nREADY=1").ready);
}

TEST_CASE("an extension is a number of microseconds, at most an hour") {
  CHECK(parse_notification("EXTEND_TIMEOUT_USEC=0").extend_timeout == 0ms);
  CHECK(parse_notification("EXTEND_TIMEOUT_USEC=99999999999999999999999").extend_timeout == 1h);
  for (const std::string_view bad : {"EXTEND_TIMEOUT_USEC=", "EXTEND_TIMEOUT_USEC=-5",
                                     "EXTEND_TIMEOUT_USEC=1s", "EXTEND_TIMEOUT_USEC= 1"}) {
    CHECK_FALSE(parse_notification(bad).extend_timeout.has_value());
  }
}

TEST_CASE("a status is one short printable line") {
  const Notification n = parse_notification("STATUS=a\x1B]0;title\x07" + std::string(3000, 'x'));
  REQUIRE(n.status.has_value());
  CHECK(n.status->size() <= 256);
  CHECK(n.status->starts_with("a ]0;title x"));
}

TEST_CASE("only the first 4 KiB of a datagram are read") {
  CHECK_FALSE(parse_notification(std::string(5000, 'x') + "\nREADY=1").ready);
}

}  // namespace
}  // namespace mcpctl::health
