// What keeps a stream of the door alive on its way to the client.
#include "../http/http_fixture.h"
#include "house.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

TEST_CASE("a stream that is silent keeps itself alive, and nothing on the way may hold it back") {
  config::Gateway config;
  config.keep_alive = Duration{30};
  House house{config};
  std::string asks;
  SUBCASE("of a modern request") {
    asks = raw_request("POST", modern("tools/call", "add"),
                       request_text("1", "tools/call", R"({"name":"add",)" + meta + '}'));
  }
  SUBCASE("of a session's request") {
    asks = raw_request("POST", house.initialize(), request_text("1", "tools/call"));
  }
  http::RawClient client{house.door->address()};
  client.send(asks);
  house.asked().sink->on_message(R"({"jsonrpc":"2.0","method":"notifications/progress"})");

  CHECK(http::poll_until(
      house.loop, [&] { return http::occurrences(client.received(), ": keep-alive\n\n") >= 3; }));
  CHECK(holds(client.received(), "X-Accel-Buffering: no\r\n"));

  house.asked().respond("{}");
  CHECK(http::poll_until(house.loop, [&] { return holds(client.received(), "\r\n0\r\n\r\n"); }));
}

TEST_CASE("a session's own stream keeps itself alive") {
  config::Gateway config;
  config.keep_alive = Duration{30};
  House house{config};
  http::RawClient client{house.door->address()};

  client.send(raw_request("GET", house.initialize(), ""));

  CHECK(http::poll_until(
      house.loop, [&] { return http::occurrences(client.received(), ": keep-alive\n\n") >= 3; }));
  CHECK(holds(client.received(), "X-Accel-Buffering: no\r\n"));
}
