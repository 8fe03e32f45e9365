#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mcp/client.h"
#include "tests/unit/mcp/conversation.h"

namespace mcpctl::mcp {
namespace {

TEST_CASE("a ping is answered at once, with its id as it was written") {
  Conversation c;
  c.says(R"({"jsonrpc":"2.0","method":"ping","id":"p\u002d1"})");
  CHECK(c.sent.back() == R"({"jsonrpc":"2.0","id":"p\u002d1","result":{}})");
  CHECK(c.receipt == Receipt::taken);
}

TEST_CASE("every other request is declined at once") {
  Conversation c = legacy();
  for (const std::string method : {"roots/list", "sampling/createMessage", "elicitation/create"}) {
    c.says(R"({"jsonrpc":"2.0","id":0,"method":")" + method + R"("})");
    CHECK(c.sent.back() ==
          R"({"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"Method not found"}})");
  }
}

TEST_CASE("a modern server must not ask, and gets no answer") {
  Conversation c = modern();
  c.says(R"({"jsonrpc":"2.0","id":1,"method":"roots/list"})");
  CHECK(c.sent.empty());
  CHECK(c.last<NoiseSeen>().why == "request from a modern server");
}

TEST_CASE("a request with a huge id is not echoed") {
  Conversation c = legacy();
  c.says(R"({"jsonrpc":"2.0","method":"ping","id":")" + std::string(100'000, 'x') + R"("})");
  CHECK(c.sent.empty());
  CHECK(c.receipt == Receipt::noise);
}

TEST_CASE("notifications and foreign answers are not claimed") {
  Conversation c = legacy();
  c.says(R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}})");
  CHECK(c.receipt == Receipt::unclaimed);
  for (const std::string id : {"999", "\"1\"", "-1", "0", "1.5"}) {
    c.says(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{}})");
    CHECK(c.receipt == Receipt::unclaimed);
  }
  CHECK(c.sent.empty());
  CHECK(c.events.empty());
}

TEST_CASE("garbage between messages is counted and shown, and does no harm") {
  Conversation c;
  c.says("Server listening on \x1B[32mstdio\x1B[0m");
  c.refuses(error_code::method_not_found);
  c.says(R"({"level":30,"msg":"started"})");
  c.answers_to(2, legacy_result);

  CHECK(c.client.is_ready());
  CHECK(c.client.noise() == 2);
  CHECK(c.count<NoiseSeen>() == 2);
  CHECK(c.last<NoiseSeen>().why == "\"jsonrpc\" is not \"2.0\"");
  CHECK(c.last<NoiseSeen>().excerpt == R"({"level":30,"msg":"started"})");
}

TEST_CASE("a flood of garbage is told a bounded number of times, in bounded words") {
  Conversation c;
  for (int i = 0; i < 100'000; ++i) c.says(std::string(1000, 'x'));
  CHECK(c.client.noise() == 100'000);
  CHECK(c.count<NoiseSeen>() < 40);
  CHECK(c.last<NoiseSeen>().excerpt.size() <= 200);
}

TEST_CASE("the messages of a batch are taken one by one") {
  Conversation c;
  c.refuses(error_code::method_not_found);

  c.says(R"([{"jsonrpc":"2.0","id":2,"result":)" + legacy_result +
         R"(},{"jsonrpc":"2.0","id":"s","method":"ping"},7,[{}]])");

  CHECK(c.client.is_ready());
  CHECK(c.sent.back() == R"({"jsonrpc":"2.0","id":"s","result":{}})");
  CHECK(c.client.noise() == 2);
}

TEST_CASE("a batch of a million is not worked off") {
  Conversation c = legacy();
  std::string batch = "[";
  for (int i = 0; i < 100'000; ++i) batch += R"({"jsonrpc":"2.0","id":1,"method":"ping"},)";
  batch.back() = ']';

  c.says(batch);

  CHECK(c.sent.size() == 1000);
  CHECK(c.last<NoiseSeen>().why == "rest of an overlong batch");
}

}  // namespace
TEST_CASE("a request is left to others when a capability was declared for them, a ping is not") {
  Client::Options options;
  options.skip_discover = true;
  options.capabilities = R"({"roots":{}})";
  options.keep_profile = true;
  Conversation c{options};
  CHECK(c.sent.back().find(R"("capabilities":{"roots":{}})") != std::string::npos);
  c.answers(
      R"({"protocolVersion":"2025-06-18","capabilities":{"x":1.0},"serverInfo":{"name":"s"}})");
  CHECK(c.client.profile().capabilities == R"({"x":1.0})");
  CHECK(c.client.profile().server_info == R"({"name":"s"})");

  const std::size_t before = c.sent.size();
  const std::string request = R"({"jsonrpc":"2.0","id":"a","method":"roots/list"})";
  c.says(request);
  CHECK(c.receipt == Receipt::unclaimed);
  CHECK(c.sent.size() == before);
  c.says(R"({"jsonrpc":"2.0","id":"b","method":"ping"})");
  CHECK(c.receipt == Receipt::taken);

  c.client.refuse(*scan(request), request);
  c.drain();
  CHECK(c.sent.back().find(R"("id":"a","error":{"code":-32601)") != std::string::npos);
}

}  // namespace mcpctl::mcp
