// Clients of one era at servers of the other: what each hears.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

const std::string modern_params =
    R"({"name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("traceparent":"00-1","io.modelcontextprotocol/clientCapabilities":{},)"
    R"("progressToken":"p","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},)"
    R"("io.modelcontextprotocol/logLevel":"info"},"arguments":{"n":1.50}})";

TEST_CASE("a legacy server sees nothing of the modern era in a request") {
  Talk talk{Era::legacy};
  talk.calls(modern_client(1), "\"x\"", "tools/call", modern_params);
  CHECK(talk.last_sent() ==
        request_text("101", "tools/call",
                     R"({"name":"a","_meta":{"traceparent":"00-1","progressToken":101},)"
                     R"("arguments":{"n":1.50}})"));
}

TEST_CASE("a modern client gets no task of a legacy server, which it could not ask for") {
  Talk talk{Era::legacy};
  const Asker client = modern_client(1);
  const std::size_t before = talk.sent.size();
  talk.calls(client, "1", "tools/call", R"({"name":"a","task":{"ttl":5},"_meta":{}})");
  CHECK(talk.last_sent() == request_text("101", "tools/call", R"({"name":"a","_meta":{}})"));
  talk.server_answers("{}");

  for (const std::string_view method : {"tasks/result", "tasks/list"}) {  // of the older era
    const CallId call = talk.calls(client, "2", method, R"({"taskId":"t","_meta":{}})");
    CHECK(talk.answer_to(call) ==
          R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"method not found"}})");
  }
  const CallId call = talk.calls(client, "2", "tasks/get", R"({"taskId":"t","_meta":{}})");
  CHECK(talk.answer_to(call) ==
        R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"unknown task"}})");
  CHECK(talk.sent.size() == before + 1);
}

TEST_CASE("a legacy result is completed for a modern client") {
  Talk talk{Era::legacy};
  const Asker client = modern_client(1);
  const std::string info =
      R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}})";

  const CallId call = talk.calls(client, "1", "tools/call", modern_params);
  talk.server_answers(R"({"content":[],"isError":false})");
  CHECK(talk.answer_to(call) == result_text(1, R"({"resultType":"complete",)" + info +
                                                   R"(,"content":[],"isError":false})"));

  const CallId list = talk.calls(client, "2", "tools/list", modern_params);
  talk.server_answers(R"({"tools":[]})");
  CHECK(talk.answer_to(list) ==
        result_text(2, R"({"resultType":"complete","ttlMs":0,"cacheScope":"private",)" + info +
                           R"(,"tools":[]})"));

  const CallId read = talk.calls(client, "3", "resources/read", modern_params);
  talk.server_answers(R"({"_meta":{"a":1},"ttlMs":5,"contents":[]})");
  CHECK(talk.answer_to(read) ==
        result_text(3, R"({"resultType":"complete","cacheScope":"private","_meta":{)"
                       R"("io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"},"a":1},)"
                       R"("ttlMs":5,"contents":[]})"));

  const CallId empty = talk.calls(client, "4", "x/y", modern_params);
  talk.server_answers("{}");
  CHECK(talk.answer_to(empty) == result_text(4, R"({"resultType":"complete",)" + info + "}"));
}

TEST_CASE("a resource that is not found has the code of the client's era") {
  Talk talk{Era::legacy};
  const CallId modern = talk.calls(modern_client(1), "1", "resources/read", R"({"uri":"a:b"})");
  talk.server_refuses(talk.last_id, -32002);
  CHECK(talk.answer_to(modern) ==
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}})");

  const CallId legacy = talk.calls(legacy_client(2), "1", "resources/read", R"({"uri":"a:b"})");
  talk.server_refuses(talk.last_id, -32002);
  CHECK(talk.answer_to(legacy) ==
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"no"}})");
}

const std::string legacy_meta =
    R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientInfo":{"name":"old","version":"1"},)"
    R"("io.modelcontextprotocol/clientCapabilities":{},)"
    R"("io.modelcontextprotocol/logLevel":"info")";

TEST_CASE("a modern server gets with each request who the legacy client is") {
  Talk talk{Era::modern};
  const Asker client = legacy_client(1);
  talk.calls(client, "1", "tools/list");
  CHECK(talk.last_sent() ==
        request_text("101", "tools/list", R"({"_meta":{)" + legacy_meta + "}}"));
  talk.calls(client, "2", "tools/list", "{}");
  CHECK(talk.last_sent() ==
        request_text("102", "tools/list", R"({"_meta":{)" + legacy_meta + "}}"));
  talk.calls(client, "3", "tools/call", R"({"name":"a","_meta":{"progressToken":7,"x":"y"}})");
  CHECK(talk.last_sent() == request_text("103", "tools/call",
                                         R"({"name":"a","_meta":{)" + legacy_meta +
                                             R"(,"progressToken":103,"x":"y"}})"));
}

TEST_CASE("a legacy client's log level goes along with its requests") {
  Talk talk{Era::modern};
  Asker client = legacy_client(1);
  client.log_level = "error";
  talk.calls(client, "1", "tools/list");
  CHECK(talk.last_sent().find(R"("io.modelcontextprotocol/logLevel":"error")") !=
        std::string::npos);
}

TEST_CASE("a modern server's result reaches a legacy client untouched") {
  Talk talk{Era::modern};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/list");
  talk.server_answers(R"({"resultType":"complete","tools":[],"ttlMs":3,"cacheScope":"public"})");
  CHECK(talk.answer_to(call) ==
        result_text(1, R"({"resultType":"complete","tools":[],"ttlMs":3,"cacheScope":"public"})"));
}

}  // namespace
}  // namespace mcpctl::relay
