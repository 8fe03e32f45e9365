#include "relay/profile.h"

#include <doctest/doctest.h>

namespace mcpctl::relay {
namespace {

const ServerProfile weather{.era = mcp::Era::legacy,
                            .revision = mcp::newest_legacy,
                            .server_info = R"({"name":"weather","version":"1.10"})",
                            .capabilities = R"({"tools":{"listChanged":true},"logging":{}})",
                            .instructions = R"("Ask \u00e0 propos")"};

TEST_CASE("initialize repeats what the server said, in the revision agreed with the client") {
  CHECK(initialize_result(weather, "2025-06-18") ==
        R"({"protocolVersion":"2025-06-18",)"
        R"("capabilities":{"tools":{"listChanged":true},"logging":{}},)"
        R"("serverInfo":{"name":"weather","version":"1.10"},)"
        R"("instructions":"Ask \u00e0 propos"})");
}

TEST_CASE("discover offers the modern revisions and is never to be cached") {
  CHECK(discover_result(weather) ==
        R"({"resultType":"complete","supportedVersions":["2026-07-28"],)"
        R"("capabilities":{"tools":{"listChanged":true},"logging":{}},)"
        R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"weather","version":"1.10"}},)"
        R"("instructions":"Ask \u00e0 propos","ttlMs":0,"cacheScope":"private"})");
}

TEST_CASE("a server that says nothing of itself still gives valid results") {
  const ServerProfile silent{};
  CHECK(initialize_result(silent, "2025-11-25") ==
        R"({"protocolVersion":"2025-11-25","capabilities":{},)"
        R"("serverInfo":{"name":"unknown","version":"0"}})");
  CHECK(discover_result(silent) ==
        R"({"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},)"
        R"("ttlMs":0,"cacheScope":"private"})");
}

TEST_CASE("a capability is an object, its options are true or not there") {
  CHECK(declares(weather.capabilities, "logging"));
  CHECK(declares(weather.capabilities, "tools", "listChanged"));
  CHECK_FALSE(declares(weather.capabilities, "prompts"));
  CHECK_FALSE(declares(weather.capabilities, "logging", "listChanged"));
  CHECK_FALSE(declares("", "tools"));
}

TEST_CASE("an own server is told what its client says of itself, on one line and but for tasks") {
  Asker client;
  client.info = "{\"name\":\"c\",\r\n \"version\":\"1\"}";
  client.capabilities =
      "{\"roots\":{ },\n\"tasks\":{\"list\":{}},\"\\u0078\":1.0,"
      "\"extensions\":{\"y\":{},\"io.modelcontextprotocol/tasks\":{}}}";
  CHECK(introduction_of(client).info == R"({"name":"c",   "version":"1"})");
  CHECK(introduction_of(client).capabilities ==
        R"({"roots":{ },"\u0078":1.0,"extensions":{"y":{}}})");
  CHECK(introduction_of(Asker{}).capabilities == "{}");
  CHECK(introduction_of(Asker{}).info.starts_with(R"({"name":"mcpctl")"));
}

}  // namespace
}  // namespace mcpctl::relay
