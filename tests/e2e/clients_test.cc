// Clients of the door that misbehave: they cost the fleet and the other clients nothing.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "client.h"
#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

const std::string host = "\r\nHost: localhost\r\n";

/// Whether another client is answered as if nobody else were there.
bool others_are_served(Fleet& fleet) {
  const auto start = Clock::now();
  return fleet.request("GET", "/livez") == "ok\n" && since(start) < soon;
}

}  // namespace

TEST_CASE("clients that never speak cost the others nothing") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("only", "ready");
  const std::size_t before = fleet.settled_descriptors();

  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const rlimit wide{std::min<rlim_t>(own.rlim_max, 4096), own.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &wide);
  // The last must have come before the first has been silent for too long.
  constexpr std::size_t crowd = 1000;
  std::vector<Client> silent;
  for (std::size_t i = 0; i < crowd; ++i) {
    silent.emplace_back(fleet.socket());
    REQUIRE(silent.back().is_connected());
  }
  CHECK(eventually([&] { return accepted_clients(fleet.socket()) >= crowd; }));
  CHECK(others_are_served(fleet));
  CHECK(resident_bytes(fleet.supervisor()) < modest_memory);

  // Nobody may stay for long without a request.
  for (Client& client : silent) CHECK(client.has_ended(15s));
  CHECK(eventually([&] { return accepted_clients(fleet.socket()) == 0; }));
  CHECK(eventually([&] { return open_descriptors(fleet.supervisor()) <= before + 1; }));
  silent.clear();
  ::setrlimit(RLIMIT_NOFILE, &own);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a thousand clients that come and go in the middle of a request leave nothing") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("only", "ready");
  fleet.request("GET", "/metrics");
  const std::size_t before = fleet.settled_descriptors();

  for (int i = 0; i < 1000; ++i) {
    Client client{fleet.socket()};
    const char* const halves[] = {"", "GET", "GET /api/v1/servers HTTP/1.1", "\r\n\r\n",
                                  "POST /api/v1/reload HTTP/1.1\r\nHost: x\r\n"};
    client.send(halves[i % 5]);
  }

  CHECK(others_are_served(fleet));
  CHECK(eventually([&] { return open_descriptors(fleet.supervisor()) <= before + 1; }));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a head without an end and a body of a gigabyte are refused early") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("only", "ready");
  const pid_t only = fleet.pid("only");

  Client endless{fleet.socket()};
  endless.send("GET /livez HTTP/1.1" + host);
  const std::string more = "X-More: " + std::string(4000, 'x') + "\r\n";
  for (int i = 0; i < 10'000 && endless.send(more); ++i) {
  }
  CHECK(endless.has_ended(5s));
  Client large{fleet.socket()};
  large.send("POST /api/v1/servers/only/restart HTTP/1.1" + host +
             "Content-Length: 1000000000\r\n\r\n");
  CHECK(large.read_to_end(5s).starts_with("HTTP/1.1 413 "));

  CHECK(others_are_served(fleet));
  CHECK(resident_bytes(fleet.supervisor()) < modest_memory);
  CHECK(fleet.pid("only") == only);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a follower that never reads is caught up or dropped, and the flood goes on") {
  constexpr long flood = 100'000'000 / (sanitizer_cost == 1 ? 1 : 20);
  Fleet fleet{Json{{"flood", misbehaving({"flood-stderr", "--line=200",
                                          "--bytes=" + std::to_string(flood)})},
                   {"quiet", misbehaving({})}},
              quick()};
  fleet.start({}, {"sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"});
  fleet.await("quiet", "ready");

  std::vector<Client> followers;
  for (int i = 0; i < 20; ++i) {
    followers.emplace_back(fleet.socket());
    followers.back().send("GET /api/v1/logs?follow=1 HTTP/1.1" + host + "\r\n");
  }
  fleet.await_that("flood",
                   [](const Json& server) { return server["log"]["bytes"].get<long>() >= flood; });

  CHECK(others_are_served(fleet));
  CHECK(resident_bytes(fleet.supervisor()) < modest_memory);
  const std::string late = followers.front().read_to_end(2s);
  CHECK(late.find("event: skipped") != std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a deleted socket comes back, and the fleet never noticed") {
  Fleet fleet{Json{{"only", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("only", "ready");
  const pid_t only = fleet.pid("only");

  ::unlink(fleet.socket().c_str());

  CHECK(eventually([&] { return fleet.pid("only") == only; }, 5s));
  CHECK(fleet.stop().exit_code == 0);
}
