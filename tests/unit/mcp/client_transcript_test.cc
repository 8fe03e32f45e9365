#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mcp/client.h"
#include "mcp/framing.h"
#include "tests/unit/mcp/conversation.h"

namespace mcpctl::mcp {
namespace {

/// The SDK's TypeScript reference server "everything", 2.0.0: its answers in order.
const std::string everything_transcript =
    R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}})"
    "\n"
    R"({"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},)"
    R"("prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},)"
    R"("logging":{},"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}},)"
    R"("completions":{}},"serverInfo":{"name":"mcp-servers/everything","title":)"
    R"("Everything Reference Server","version":"2.0.0"},"instructions":"# Everything \u2013\n"},)"
    R"("jsonrpc":"2.0","id":2})"
    "\n"
    R"({"method":"notifications/tools/list_changed","jsonrpc":"2.0"})"
    "\n"
    R"({"result":{"tools":[{"name":"echo","title":"Echo Tool","inputSchema":{"type":"object",)"
    R"("properties":{"message":{"type":"string"}},"required":["message"]},)"
    R"("execution":{"taskSupport":"forbidden"}}]},"jsonrpc":"2.0","id":3})"
    "\n";

/// The same conversation, the server's bytes arriving `chunk` at a time.
std::vector<std::string> play(std::string_view transcript, std::size_t chunk) {
  Conversation c;
  LineFramer framer;
  for (std::size_t at = 0; at < transcript.size(); at += chunk) {
    framer.feed(transcript.substr(at, chunk));
    while (const auto frame = framer.next()) c.says(frame->line);
  }
  c.waits(1s);
  std::vector<std::string> story = c.sent;
  story.push_back(c.client.identity().title);
  story.push_back(std::to_string(c.client.tools().size()));
  story.push_back(std::to_string(c.events.size()));
  return story;
}

TEST_CASE("the reference server is understood, however its bytes arrive") {
  const auto whole = play(everything_transcript, everything_transcript.size());
  REQUIRE(whole.size() == 8);
  CHECK(whole[2] == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  CHECK(whole[4].find("tools/list") != std::string::npos);  // for the list_changed
  CHECK(whole[5] == "Everything Reference Server");
  CHECK(whole[6] == "1");

  for (const std::size_t chunk : {1u, 2u, 7u, 64u, 1000u}) {
    CAPTURE(chunk);
    CHECK(play(everything_transcript, chunk) == whole);
  }
}

TEST_CASE("an idle conversation costs less than a kilobyte and no deadline") {
  CHECK(sizeof(Client) <= 1024);
  CHECK_FALSE(legacy().client.next_deadline().has_value());
  CHECK_FALSE(modern().client.next_deadline().has_value());
}

}  // namespace
}  // namespace mcpctl::mcp
