// Streamable HTTP as bytes on the wire, in both eras.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/parser.h"
#include "http/sse.h"
#include "loop/fd.h"
#include "program.h"
#include "words.h"

using mcpctl::http::Headers;
using mcpctl::http::Response;
using mcpctl::loop::Fd;
using mcpctl::tests::Json;
using mcpctl::tests::modern_meta;
using mcpctl::tests::patience;
using mcpctl::tests::Program;

namespace {

/// `headers`, with `more` in place of those of the same name; an empty value removes.
Headers with(Headers headers, const Headers& more) {
  for (const auto& [name, value] : more) {
    value.empty() ? headers.remove(name) : headers.set(name, value);
  }
  return headers;
}

/// weather, and requests to it over one connection each.
class Weather {
 public:
  Weather() {
    const std::string line = program_.error_line().value_or("");
    const std::string start = "weather listens on http://127.0.0.1:";
    REQUIRE(line.starts_with(start));
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(start.size())));
  }

  Headers usual() const {
    return {{"Host", "127.0.0.1:" + std::to_string(port_)},
            {"Content-Type", "application/json"},
            {"Accept", "application/json, text/event-stream"}};
  }

  Fd open(const std::string& method, const Headers& headers, const std::string& body) const {
    Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    std::string text = method + " /mcp HTTP/1.1\r\n";
    for (const auto& [name, value] : headers) {
      text += std::string{name} + ": " + std::string{value} + "\r\n";
    }
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
    return socket;
  }

  /// The whole answer; status 0 if patience ran out.
  static Response receive(const Fd& socket) {
    mcpctl::http::ResponseParser parser;
    std::array<char, 65536> buffer;
    for (;;) {
      pollfd watched{socket.get(), POLLIN, 0};
      if (poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return {0, {}, {}};
      const ssize_t got = read(socket.get(), buffer.data(), buffer.size());
      if (got <= 0) return {0, {}, {}};
      std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
      while (!bytes.empty()) {
        const auto fed = parser.feed(bytes);
        bytes.remove_prefix(fed.consumed);
        if (fed.progress == mcpctl::http::Progress::complete) return parser.take();
        if (fed.progress == mcpctl::http::Progress::failed) return {0, {}, {}};
      }
    }
  }

  Response request(const std::string& method, const Headers& headers = {},
                   const std::string& body = "") const {
    return receive(open(method, with(usual(), headers), body));
  }
  Response post(const Json& message, const Headers& headers = {}) const {
    return request("POST", headers, message.dump());
  }

  /// The id of a new session.
  std::string initialize() const {
    const Response hello = post({{"jsonrpc", "2.0"},
                                 {"id", 1},
                                 {"method", "initialize"},
                                 {"params", {{"protocolVersion", "2025-11-25"}}}});
    REQUIRE(hello.status == 200);
    return std::string{hello.headers.get("Mcp-Session-Id")};
  }

  Program& program() { return program_; }

 private:
  Program program_{"weather", {"--port", "0"}};
  std::uint16_t port_{0};
};

Json call(const std::string& tool, const Json& arguments, Json more = Json::object()) {
  more["name"] = tool;
  more["arguments"] = arguments;
  return {{"jsonrpc", "2.0"}, {"id", 7}, {"method", "tools/call"}, {"params", more}};
}

Headers modern_headers(const std::string& tool) {
  return {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/call"}, {"Mcp-Name", tool}};
}

int error_code(const Response& response) {
  return Json::parse(response.body)["error"]["code"].get<int>();
}

std::vector<Json> events_of(const Response& response) {
  mcpctl::http::SseParser parser;
  std::vector<mcpctl::http::SseEvent> events;
  CHECK(parser.feed(response.body, events));
  std::vector<Json> messages;
  for (const auto& event : events) messages.push_back(Json::parse(event.data));
  return messages;
}

}  // namespace

TEST_CASE("a legacy session begins with initialize and ends with DELETE") {
  Weather weather;

  const std::string id = weather.initialize();
  CHECK(id.size() == 32);
  const Headers session{{"Mcp-Session-Id", id}, {"MCP-Protocol-Version", "2025-11-25"}};
  const Response noted =
      weather.post({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}, session);
  CHECK(noted.status == 202);
  CHECK(noted.body.empty());
  const Response today = weather.post(call("get_weather", {{"city", "Paris"}}), session);
  CHECK(today.status == 200);
  CHECK(today.headers.get("Content-Type") == "application/json");
  CHECK(Json::parse(today.body)["result"]["structuredContent"]["sky"] == "rain");

  CHECK(weather.request("DELETE", session).status == 204);
  CHECK(weather.post(call("get_weather", {{"city", "Paris"}}), session).status == 404);
  CHECK(weather.request("DELETE", session).status == 404);
}

TEST_CASE("without a session only initialize is heard, with an unknown one nothing") {
  Weather weather;

  CHECK(weather.post({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "tools/list"}}).status == 400);
  const Response lost = weather.post({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "tools/list"}},
                                     {{"Mcp-Session-Id", "0123"}});
  CHECK(lost.status == 404);
  CHECK(weather.initialize() != weather.initialize());
}

TEST_CASE("progress turns the answer into an event stream, in order") {
  Weather weather;
  const Headers session{{"Mcp-Session-Id", weather.initialize()}};

  const Response response = weather.post(
      call("get_forecast", {{"city", "Lagos"}, {"days", 2}}, {{"_meta", {{"progressToken", "p"}}}}),
      session);

  CHECK(response.headers.get("Content-Type") == "text/event-stream");
  CHECK(response.headers.get("X-Accel-Buffering") == "no");
  const std::vector<Json> messages = events_of(response);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0]["params"]["progress"] == 1);
  CHECK(messages[1]["params"]["progressToken"] == "p");
  CHECK(messages[1]["params"]["progress"] == 2);
  CHECK(messages[2]["id"] == 7);
  CHECK(messages[2]["result"]["structuredContent"]["days"].size() == 2);
}

TEST_CASE("a session has one stream of its own, until it ends") {
  Weather weather;
  const Headers session{{"Mcp-Session-Id", weather.initialize()}};
  const Fd stream = weather.open("GET", with(weather.usual(), session), "");
  std::array<char, 4096> head;
  CHECK(read(stream.get(), head.data(), head.size()) > 0);

  CHECK(weather.request("GET", session).status == 409);
  CHECK(weather.request("DELETE", session).status == 204);

  std::string rest;
  for (ssize_t got = 1; got > 0 && !rest.ends_with("0\r\n\r\n");) {
    got = read(stream.get(), head.data(), head.size());
    rest.append(head.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  CHECK(rest.ends_with("0\r\n\r\n"));
}

TEST_CASE("a cancelled legacy call ends without an answer, and its session goes on") {
  Weather weather;
  const Headers session{{"Mcp-Session-Id", weather.initialize()}};
  Json slow = call("get_forecast", {{"city", "Lagos"}, {"days", 7}});
  slow["id"] = "slow";
  const Fd waiting = weather.open("POST", with(weather.usual(), session), slow.dump());
  const Response cancelled = weather.post({{"jsonrpc", "2.0"},
                                           {"method", "notifications/cancelled"},
                                           {"params", {{"requestId", "slow"}}}},
                                          session);

  CHECK(cancelled.status == 202);
  const Response end = Weather::receive(waiting);
  CHECK(end.headers.get("Content-Type") == "text/event-stream");
  CHECK(events_of(end).empty());
  CHECK(weather.post({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "ping"}}, session).status == 200);
}

TEST_CASE("a modern request needs no session and gets none") {
  Weather weather;

  const Response today =
      weather.post(call("get_weather", {{"city", "Paris"}}, {{"_meta", modern_meta}}),
                   with(modern_headers("get_weather"), {{"Mcp-Session-Id", "ignored"}}));

  CHECK(today.status == 200);
  CHECK(!today.headers.find("Mcp-Session-Id"));
  const Json result = Json::parse(today.body)["result"];
  CHECK(result["resultType"] == "complete");
  CHECK(result["structuredContent"]["city"] == "Paris");
}

TEST_CASE("modern headers must say what the body says") {
  Weather weather;
  const Json request = call("get_weather", {{"city", "Paris"}}, {{"_meta", modern_meta}});
  const Headers right = modern_headers("get_weather");
  const auto refused = [&](const Headers& wrong) {
    const Response response = weather.post(request, with(right, wrong));
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["id"] == 7);
    return error_code(response);
  };

  CHECK(weather.post(request, right).status == 200);
  CHECK(weather.post(request, with(right, {{"Mcp-Name", "=?base64?Z2V0X3dlYXRoZXI=?="}})).status ==
        200);
  CHECK(refused({{"Mcp-Method", "tools/list"}}) == -32020);
  CHECK(refused({{"Mcp-Method", ""}}) == -32020);
  CHECK(refused({{"Mcp-Name", "get_forecast"}}) == -32020);
  CHECK(refused({{"Mcp-Name", ""}}) == -32020);
  CHECK(refused({{"Mcp-Name", "=?base64?*?="}}) == -32020);
  CHECK(refused({{"MCP-Protocol-Version", "2025-11-25"}}) == -32020);
  CHECK(refused({{"MCP-Protocol-Version", ""}}) == -32020);
}

TEST_CASE("modern errors have their HTTP statuses") {
  Weather weather;
  const auto ask = [&](const std::string& method, const Json& meta, const std::string& version) {
    return weather.post(
        {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", {{"_meta", meta}}}},
        {{"MCP-Protocol-Version", version}, {"Mcp-Method", method}});
  };
  Json future = modern_meta;
  future["io.modelcontextprotocol/protocolVersion"] = "2099-01-01";

  CHECK(ask("server/discover", modern_meta, "2026-07-28").status == 200);
  CHECK(ask("resources/list", modern_meta, "2026-07-28").status == 404);
  CHECK(ask("server/discover", future, "2099-01-01").status == 400);
  CHECK(error_code(ask("server/discover", future, "2099-01-01")) == -32022);
  CHECK(ask("server/discover", Json::object(), "2026-07-28").status == 400);
  CHECK(error_code(ask("server/discover", Json::object(), "2026-07-28")) == -32602);
  CHECK(weather.request("GET", {{"MCP-Protocol-Version", "2026-07-28"}}).status == 405);
  CHECK(weather.request("DELETE", {{"MCP-Protocol-Version", "2026-07-28"}}).status == 405);
}

TEST_CASE("a modern client that leaves does not disturb the others") {
  Weather weather;
  const Json request =
      call("get_forecast", {{"city", "Cairo"}, {"days", 7}}, {{"_meta", modern_meta}});
  {
    const Fd leaving =
        weather.open("POST", with(weather.usual(), modern_headers("get_forecast")), request.dump());
  }

  CHECK(weather.post(request, modern_headers("get_forecast")).status == 200);
}

TEST_CASE("foreign hosts and origins are refused, whatever they ask") {
  Weather weather;
  const Json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}};

  CHECK(weather.post(request, {{"Host", "evil.example"}}).status == 403);
  CHECK(weather.post(request, {{"Host", "localhost.evil.example:80"}}).status == 403);
  CHECK(weather.post(request, {{"Origin", "http://evil.example"}}).status == 403);
  CHECK(weather.post(request, {{"Origin", "null"}}).status == 403);
  CHECK(weather.post(request, {{"Origin", "http://localhost:6274"}}).status == 200);
  CHECK(weather.post(request, {{"Host", "[::1]:80"}}).status == 200);
}

TEST_CASE("media types, versions, methods and bodies are checked") {
  Weather weather;
  const Json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}};

  CHECK(weather.post(request, {{"Content-Type", "text/plain"}}).status == 415);
  CHECK(weather.post(request, {{"Accept", "application/json"}}).status == 406);
  CHECK(weather.post(request, {{"Accept", "*/*"}}).status == 200);
  CHECK(weather.post(request, {{"MCP-Protocol-Version", "yesterday"}}).status == 400);
  CHECK(weather.request("PUT").status == 405);
  const Response broken = weather.request("POST", {}, "{not json");
  CHECK(broken.status == 400);
  CHECK(error_code(broken) == -32700);
}

TEST_CASE("SIGTERM lets a call under way finish, and ends weather at once after it") {
  Weather weather;
  const Headers session{{"Mcp-Session-Id", weather.initialize()}};
  const Fd waiting = weather.open(
      "POST", with(weather.usual(), session),
      call("get_forecast", {{"city", "Tokyo"}, {"days", 7}}, {{"_meta", {{"progressToken", 1}}}})
          .dump());
  std::array<char, 64> first;
  REQUIRE(read(waiting.get(), first.data(), first.size()) > 0);  // under way, for sure

  weather.program().signal(SIGTERM);

  std::string rest;
  for (ssize_t got = 1; got > 0;) {
    std::array<char, 4096> buffer;
    got = read(waiting.get(), buffer.data(), buffer.size());
    rest.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  CHECK(rest.find("structuredContent") != std::string::npos);
  CHECK(weather.program().wait() == 0);
}

TEST_CASE("weather says how it is used when it gets no port") {
  Program weather{"weather", {"--port", "65536"}};

  CHECK(weather.error_line().value_or("").starts_with("usage: weather --port N"));
  const auto status = weather.wait();
  REQUIRE(status);
  CHECK(WEXITSTATUS(*status) == 2);
}
