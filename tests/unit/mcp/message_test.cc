#include "mcp/message.h"

#include <doctest/doctest.h>

#include <string>

#include "mcp/envelope.h"
#include "mcp/raw.h"

namespace mcpctl::mcp {
namespace {

constexpr ClientInfo client{"1.2.3"};

TEST_CASE("discover carries the _meta that modern servers require") {
  CHECK(discover_request(1, client) ==
        R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{)"
        R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
        R"("io.modelcontextprotocol/clientInfo":{"name":"mcpctl","version":"1.2.3"},)"
        R"("io.modelcontextprotocol/clientCapabilities":{}}}})");
}

TEST_CASE("initialize offers the newest legacy revision and no capabilities") {
  CHECK(initialize_request(2, introduction_of(client)) ==
        R"({"jsonrpc":"2.0","id":2,"method":"initialize","params":{)"
        R"("protocolVersion":"2025-11-25","capabilities":{},)"
        R"("clientInfo":{"name":"mcpctl","version":"1.2.3"}}})");
}

TEST_CASE("tools/list carries _meta only to modern servers, and any cursor as it came") {
  CHECK(tools_list_request(3, Era::legacy, client, std::nullopt) ==
        R"({"jsonrpc":"2.0","id":3,"method":"tools/list","params":{}})");
  CHECK(tools_list_request(3, Era::legacy, client, "") ==
        R"({"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":""}})");

  const std::string modern = tools_list_request(3, Era::modern, client, "a\"\n");
  const auto envelope = scan(modern);
  REQUIRE(envelope.has_value());
  CHECK(envelope->meta_protocol_version.in(modern) == "\"2026-07-28\"");
  CHECK(string_value(member(envelope->params.in(modern), "cursor")) == "a\"\n");
  CHECK(modern.find('\n') == std::string::npos);
}

TEST_CASE("an answer echoes the id as it was written") {
  CHECK(empty_response(R"("\u0061")") == R"({"jsonrpc":"2.0","id":"\u0061","result":{}})");
  CHECK(error_response("1.0", -32601, "no \"x\"") ==
        R"({"jsonrpc":"2.0","id":1.0,"error":{"code":-32601,"message":"no \"x\""}})");
}

TEST_CASE("everything we write passes our own scanner") {
  for (const std::string& message :
       {discover_request(1, client), initialize_request(1, introduction_of(client)),
        initialized_notification(), ping_request(1),
        tools_list_request(1, Era::modern, client, "c"), empty_response("1"),
        error_response("1", -1, "m")}) {
    CAPTURE(message);
    CHECK(scan(message).has_value());
  }
}

TEST_CASE("revisions are known by name") {
  CHECK(find_revision("2025-06-18")->era == Era::legacy);
  CHECK(find_revision("2026-07-28")->era == Era::modern);
  CHECK_FALSE(find_revision("2027-01-01").has_value());
}

}  // namespace
}  // namespace mcpctl::mcp
