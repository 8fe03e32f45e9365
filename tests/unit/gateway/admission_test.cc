// Who may come in, how far, and how often.
#include "gateway/admission.h"

#include "config/sha256.h"
#include "gateway/request_rate.h"
#include "house.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

namespace {

const std::string ping = request_text("1", "ping");

http::Headers with(const std::string& name, const std::string& value) {
  http::Headers headers = both;
  headers.set(name, value);
  return headers;
}

http::Request from(const std::string& host, const std::string& origin = "") {
  http::Request request;
  request.headers.set("Host", host);
  if (!origin.empty()) request.headers.set("Origin", origin);
  return request;
}

config::Gateway with_tokens() {
  config::Gateway config;
  config.tokens = {{"all", config::sha256("0123456789abcdef-all"), {}},
                   {"some", config::sha256("0123456789abcdef-some"), {"math.add*"}},
                   {"server", config::sha256("0123456789abcdef-server"), {"math.*"}}};
  return config;
}

http::Headers bearer(const std::string& token) { return with("Authorization", "Bearer " + token); }

}  // namespace

TEST_CASE("a request has one path, one type and one shape") {
  House house;
  CHECK(house.send("POST", "/", ping).status == 404);
  CHECK(house.send("POST", "/mcp/nobody", ping).status == 404);
  CHECK(house.send("POST", "/mcp/math/more", ping).status == 404);
  CHECK(house.send("PUT", "/mcp/math", ping).status == 405);
  CHECK(house.send("OPTIONS", "/mcp/math", "").headers.get("Allow") == "GET, POST, DELETE");
  CHECK(house.post(ping, with("Content-Type", "text/plain")).status == 415);
  CHECK(house.post(ping, with("Accept", "application/json")).status == 406);
  CHECK(house.post(ping, with("Accept", "text/event-stream")).status == 406);
  CHECK(house.post(ping, with("Accept", "*/*")).status == 400);  // for want of a session
  CHECK(house.send("GET", "/mcp/math", "", with("Accept", "application/json")).status == 406);
  const Seen& broken = house.post("{\"jsonrpc\":");
  CHECK(broken.status == 400);
  CHECK(holds(broken.body, R"("id":null,"error":{"code":-32700)"));
  const Seen& invalid = house.post("{\"jsonrpc\":\"2.0\",\"method\":1}");
  CHECK(invalid.status == 400);
  CHECK(holds(invalid.body, R"("id":null,"error":{"code":-32600)"));
}

TEST_CASE("a token that stays is the same after a reload, and one that is gone may do nothing") {
  config::Gateway config = with_tokens();
  Admission admission{config, "127.0.0.1"};
  http::Request request = from("localhost");
  request.headers.set("Authorization", "Bearer 0123456789abcdef-server");
  const Principal server = admission.judge(request).principal;
  request.headers.set("Authorization", "Bearer 0123456789abcdef-all");
  const Principal all = admission.judge(request).principal;

  // The first goes, a new one comes before the others, and one has less than before.
  config.tokens[0] = {"new", config::sha256("0123456789abcdef-new"), {}};
  config.tokens[2].scopes = {"weather.*"};
  admission.reconfigure(config);

  CHECK(admission.judge(request).status == 401);
  CHECK_FALSE(admission.may_enter(all, "math"));
  CHECK(admission.name(all) == "");
  request.headers.set("Authorization", "Bearer 0123456789abcdef-new");
  CHECK(admission.judge(request).principal != all);
  CHECK(admission.name(server) == "server");
  CHECK_FALSE(admission.may_enter(server, "math"));
  CHECK(admission.may_enter(server, "weather"));
  CHECK_FALSE(admission.may_enter(Principal{}, "math"));
  admission.reconfigure({});
  CHECK(admission.may_enter(Principal{}, "math"));
  CHECK_FALSE(admission.may_enter(server, "weather"));
}

TEST_CASE("new settings hold at the open door, and send away who may not be there any more") {
  config::Gateway config = with_tokens();
  House house{config};
  const auto session = house.initialize("2025-11-25", bearer("0123456789abcdef-all"));
  const auto kept = house.initialize("2025-11-25", bearer("0123456789abcdef-server"));
  http::Headers listening = modern("subscriptions/listen");
  listening.set("Authorization", "Bearer 0123456789abcdef-all");
  const Seen& listener =
      house.begin("POST", "/mcp/math",
                  request_text("7", "subscriptions/listen",
                               "{" + meta + R"(,"notifications":{"toolsListChanged":true}})"),
                  listening);
  house.asked();
  REQUIRE(house.door->occupancy().sessions == 2);

  config.tokens.erase(config.tokens.begin());
  config.max_body = 300;
  config.max_in_flight = 1;
  REQUIRE(house.door->reconfigure(config).has_value());

  CHECK(house.until([&] { return listener.is_done; }));
  CHECK(holds(listener.body, R"("resultType":"complete")"));
  CHECK(house.door->occupancy().sessions == 1);
  CHECK(house.post(ping, session).status == 401);
  CHECK(house.post(ping, kept).status == 200);
  const std::string padding = "{\"x\":\"" + std::string(400, 'x') + "\"}";
  CHECK(house.post(request_text("1", "ping", padding), kept).status == 413);
  const Seen& first = house.begin("POST", "/mcp/math", request_text("1", "prompts/list"), kept);
  house.asked(2);
  CHECK(house.post(request_text("2", "prompts/list"), kept).status == 429);
  house.asked(2).respond("{}");
  CHECK(house.until([&] { return first.is_done; }));

  config.max_sessions = 1;
  config.tokens.pop_back();
  REQUIRE(house.door->reconfigure(config).has_value());
  CHECK(house.door->occupancy().sessions == 0);
}

TEST_CASE("fewer connections and sessions are let in as soon as the settings say so") {
  House house;
  const auto one = house.initialize();
  const auto two = house.initialize();
  config::Gateway config;
  config.max_sessions = 1;
  config.requests_per_second = 1;
  REQUIRE(house.door->reconfigure(config).has_value());

  CHECK(house.post(ping, one).status == 404);
  CHECK(house.post(ping, two).status == 200);
  CHECK(house.post(ping, two).status == 429);
  config.requests_per_second = 0;
  REQUIRE(house.door->reconfigure(config).has_value());
  const Seen& stream = house.begin("GET", "/mcp/math", "", two);
  REQUIRE(house.until([&] { return stream.status == 200; }));
  config.connections_per_peer = 1;
  REQUIRE(house.door->reconfigure(config).has_value());
  CHECK(house.post(ping, two).is_broken);
  config.connections_per_peer = 2;
  REQUIRE(house.door->reconfigure(config).has_value());
  CHECK(house.post(ping, two).status == 200);
}

TEST_CASE("a body beyond the cap is refused") {
  config::Gateway config;
  config.max_body = 1024;
  House house{config};

  CHECK(
      house.post(request_text("1", "ping", "{\"x\":\"" + std::string(2000, 'x') + "\"}")).status ==
      413);
}

TEST_CASE("a page of the web cannot reach a loopback server through a rebound name") {
  const Admission local{{}, "127.0.0.1"};
  CHECK(local.judge(from("localhost:7420")).status == 0);
  CHECK(local.judge(from("127.0.0.1:7420")).status == 0);
  CHECK(local.judge(from("[::1]:7420")).status == 0);
  CHECK(local.judge(from("LOCALHOST", "http://localhost:3000")).status == 0);
  CHECK(local.judge(from("evil.example")).status == 403);
  CHECK(local.judge(from("127.0.0.1.evil.example:7420")).status == 403);
  CHECK(local.judge(from("localhost.evil.example")).status == 403);
  CHECK(local.judge(from("")).status == 403);
  CHECK(local.judge(from("localhost", "http://evil.example")).status == 403);
  CHECK(local.judge(from("localhost", "http://localhost.evil.example")).status == 403);
  CHECK(local.judge(from("localhost", "http://evil.example/localhost")).status == 403);
  CHECK(local.judge(from("localhost", "null")).status == 403);
  CHECK(local.judge(from("192.168.1.9:7420")).status == 403);
}

TEST_CASE("other hosts and origins are let in by name") {
  config::Gateway config;
  config.allowed_hosts = {"mcp.example", "exact.example:8080"};
  config.allowed_origins = {"https://app.example"};
  const Admission open{config, "0.0.0.0"};

  CHECK(open.judge(from("mcp.example:1234")).status == 0);
  CHECK(open.judge(from("exact.example:8080")).status == 0);
  CHECK(open.judge(from("exact.example:8081")).status == 403);
  CHECK(open.judge(from("192.168.1.9:7420")).status == 0);  // an address cannot be rebound
  CHECK(open.judge(from("mcp.example", "https://app.example")).status == 0);
  CHECK(open.judge(from("mcp.example", "https://other.example")).status == 403);
}

TEST_CASE("the door itself asks") {
  House house;
  CHECK(house.post(ping, with("Origin", "http://evil.example")).status == 403);
  config::Gateway bare;
  bare.listen = "0.0.0.0:7420";
  const auto wrong = door_address(bare);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message ==
        "cannot listen on 0.0.0.0:7420 for clients: whoever reaches an address that is not "
        "loopback needs a token; set gateway.tokens");
  config::Gateway config = with_tokens();
  config.listen = "0.0.0.0:7420";
  CHECK(door_address(config));
  config.listen = "example.org:80";
  CHECK_FALSE(door_address(config));
}

TEST_CASE("with tokens configured, nobody enters without one") {
  House house{with_tokens()};

  const Seen& without = house.post(ping);
  CHECK(without.status == 401);
  CHECK(without.headers.get("WWW-Authenticate") == "Bearer");
  CHECK(house.post(ping, bearer("0123456789abcdef-none")).status == 401);
  CHECK(house.post(ping, with("Authorization", "Basic 0123456789abcdef-all")).status == 401);
  CHECK(house.post(ping, with("Authorization", "Bearer ")).status == 401);
  CHECK(house.post(ping, bearer("0123456789abcdef-all")).status == 400);  // wants a session
}

TEST_CASE("a session belongs to the token that opened it") {
  House house{with_tokens()};
  const http::Headers session = house.initialize("2025-11-25", bearer("0123456789abcdef-server"));
  CHECK(house.post(ping, session).status == 200);

  http::Headers stolen = session;
  stolen.set("Authorization", "Bearer 0123456789abcdef-all");

  CHECK(house.post(ping, stolen).status == 404);
  CHECK(house.send("GET", "/mcp/math", "", stolen).status == 404);
  CHECK(house.send("DELETE", "/mcp/math", "", stolen).status == 404);
  CHECK(house.post(ping, session).status == 200);
}

TEST_CASE("a token reaches as far as its scopes") {
  House house{with_tokens()};
  const http::Headers some = bearer("0123456789abcdef-some");
  CHECK(house.send("POST", "/mcp/weather", ping, some).status == 403);
  CHECK(house.send("POST", "/mcp", ping, some).status == 403);

  const http::Headers session = house.initialize("2025-11-25", some);
  CHECK(house.post(request_text("1", "tools/call", R"({"name":"sub"})"), session).status == 403);
  CHECK(house.post(request_text("1", "resources/list"), session).status == 403);
  house.begin("POST", "/mcp/math", request_text("1", "tools/call", R"({"name":"add_all"})"),
              session);
  house.asked(1);
  house.begin("POST", "/mcp/math", request_text("2", "tools/list"), session);
  house.asked(2);

  http::Headers headers = modern("tools/call", "sub");
  headers.set("Authorization", "Bearer 0123456789abcdef-some");
  CHECK(house.post(request_text("1", "tools/call", "{\"name\":\"sub\"," + meta + "}"), headers)
            .status == 403);
  house.begin("POST", "/mcp/math", request_text("3", "tasks/get", R"({"taskId":"t"})"), session);
  house.asked(3);  // of a task that it may have
  const http::Headers whole = house.initialize("2025-11-25", bearer("0123456789abcdef-server"));
  house.begin("POST", "/mcp/math", request_text("1", "resources/list"), whole);
  house.asked(4);
}

TEST_CASE("all modern requests of one token are one principal's, without tokens nobody's") {
  const std::string list = request_text("1", "tools/list", '{' + meta + '}');
  const auto principals = [&](House& house, const std::vector<std::string>& tokens) {
    std::vector<relay::PrincipalId> found;
    for (const std::string& token : tokens) {
      http::Headers headers = modern("tools/list");
      if (!token.empty()) headers.set("Authorization", "Bearer 0123456789abcdef-" + token);
      house.begin("POST", "/mcp/math", list, headers);
      found.push_back(house.asked(found.size() + 1).client->asker.principal);
    }
    return found;
  };
  House closed{with_tokens()};
  const auto found = principals(closed, {"all", "server", "all"});
  CHECK(found[0] == found[2]);
  CHECK(found[0] != found[1]);
  CHECK((found[0] && found[1]));
  House open;
  CHECK_FALSE(principals(open, {""})[0]);
}

TEST_CASE("an address sends so many requests a second") {
  RequestRate rate{10};
  Instant now{Duration{1000}};
  int taken = 0;
  while (rate.take("a", now) && taken < 100) ++taken;
  CHECK(taken == 20);
  CHECK(rate.take("b", now));
  CHECK_FALSE(rate.take("a", now + Duration{50}));
  CHECK(rate.take("a", now + Duration{200}));
  for (int i = 0; i < 10'000; ++i) {
    rate.take(std::to_string(i), now + Duration{10'000});
    now = now + Duration{3};
  }
  CHECK(rate.peers() < 5'000);
  CHECK(RequestRate{0}.take("a", now));
}

TEST_CASE("too many requests or connections of one address are refused") {
  config::Gateway config;
  config.requests_per_second = 1;
  config.connections_per_peer = 2;
  House house{config};
  CHECK(house.post(ping).status == 400);
  CHECK(house.post(ping).status == 400);
  CHECK(house.post(ping).status == 429);

  Seen& first = house.begin("GET", "/", "");
  Seen& second = house.begin("GET", "/", "");
  REQUIRE(house.until([&] { return first.is_done && second.is_done; }));
  CHECK(house.door->occupancy().connections <= 2);
}

TEST_CASE("the access log has a line for each request") {
  config::Gateway config = with_tokens();
  config.access_log = true;
  House house{config};
  house.post(ping);
  house.initialize("2025-11-25", bearer("0123456789abcdef-all"));

  REQUIRE(house.log.size() == 2);
  CHECK(house.log[0].starts_with("client peer=127.0.0.1 http=POST server=math status=401 ms="));
  CHECK(house.log[1].starts_with(
      "client peer=127.0.0.1 http=POST server=math token=all method=initialize status=200 ms="));
}
