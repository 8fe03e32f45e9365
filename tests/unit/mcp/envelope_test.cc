#include "mcp/envelope.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mcp/raw.h"
#include "mcp/splice.h"

namespace mcpctl::mcp {
namespace {

Envelope accepted(std::string_view text) {
  const auto envelope = scan(text);
  INFO(text);
  if (!envelope) FAIL(envelope.error().what);
  return *envelope;
}

std::string refused(std::string_view text) {
  const auto envelope = scan(text);
  return envelope ? "accepted" : std::string{envelope.error().what};
}

TEST_CASE("a request is told by its method and id") {
  const std::string text = R"({"jsonrpc":"2.0","id":7,"method":"tools/call",)"
                           R"("params":{"name":"echo","arguments":{"name":"not this"}}})";

  const Envelope e = accepted(text);

  CHECK(e.kind == Kind::request);
  CHECK(e.id.in(text) == "7");
  CHECK(e.method.in(text) == "\"tools/call\"");
  CHECK(e.params_name.in(text) == "\"echo\"");
  CHECK(e.params.in(text) == R"({"name":"echo","arguments":{"name":"not this"}})");
  CHECK_FALSE(e.params_uri);
}

TEST_CASE("a method without an id is a notification") {
  const std::string text = R"({"method":"notifications/cancelled","jsonrpc":"2.0",)"
                           R"("params":{"requestId":"abc","reason":"user"}})";
  const Envelope e = accepted(text);
  CHECK(e.kind == Kind::notification);
  CHECK(e.params_request_id.in(text) == "\"abc\"");
}

TEST_CASE("a progress notification carries its token in params, a request in _meta") {
  const std::string progress = R"({"jsonrpc":"2.0","method":"notifications/progress",)"
                               R"("params":{"progressToken":12,"progress":0.5}})";
  const std::string call =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t"}}})";

  CHECK(accepted(progress).params_progress_token.in(progress) == "12");
  CHECK_FALSE(accepted(progress).meta_progress_token);
  CHECK(accepted(call).meta_progress_token.in(call) == "\"t\"");
  CHECK_FALSE(accepted(call).params_progress_token);
}

TEST_CASE("a modern request is told by the protocol version in its _meta") {
  const std::string text =
      R"({"jsonrpc":"2.0","id":"discover-1","method":"server/discover","params":{"_meta":{)"
      R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
      R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
  CHECK(accepted(text).meta_protocol_version.in(text) == "\"2026-07-28\"");
}

TEST_CASE("the end of a subscription names it") {
  const std::string text = R"({"jsonrpc":"2.0","id":9,"result":{"resultType":"complete","_meta":)"
                           R"({"io.modelcontextprotocol/subscriptionId":9}}})";
  const Envelope e = accepted(text);
  CHECK(e.kind == Kind::response);
  CHECK(e.result_meta_subscription_id.in(text) == "9");
  CHECK_FALSE(e.meta_subscription_id);
}

TEST_CASE("an error may have an id, a null id or none") {
  const std::string with_id = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})";
  const std::string null_id = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700}})";
  const std::string no_id = R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}})";

  CHECK(accepted(with_id).kind == Kind::error);
  CHECK(accepted(with_id).error_code.in(with_id) == "-32601");
  CHECK(accepted(with_id).error_message.in(with_id) == "\"no\"");
  CHECK(accepted(null_id).id.in(null_id) == "null");
  CHECK_FALSE(accepted(no_id).id);
}

TEST_CASE("white space around and inside a message does not matter") {
  const std::string text = " \t\r\n{ \"jsonrpc\" :\t\"2.0\" , \"id\" : 1 , \"result\" : { } } \n";
  const Envelope e = accepted(text);
  CHECK(e.kind == Kind::response);
  CHECK(e.id.in(text) == "1");
  CHECK(e.result.in(text) == "{ }");
}

TEST_CASE("names written with escapes are the same names") {
  const std::string text = R"({"jsonrpc":"2.\u0030","\u0069d":1,"meth\u006fd":"tools\/list"})";
  const Envelope e = accepted(text);
  CHECK(e.kind == Kind::request);
  CHECK(e.id.in(text) == "1");
  CHECK(is_string(e.method.in(text), "tools/list"));
}

TEST_CASE("members of deeper objects are not mistaken for those of the message") {
  const std::string text = R"({"x":{"id":5,"method":"m","jsonrpc":"1.0"},"jsonrpc":"2.0",)"
                           R"("id":6,"result":{"id":7,"params":{"name":"n"}}})";
  const Envelope e = accepted(text);
  CHECK(e.id.in(text) == "6");
  CHECK_FALSE(e.method);
  CHECK_FALSE(e.params_name);
}

TEST_CASE("a member named twice is refused where two readers could differ") {
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})") == "member named twice");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"method":"m","method":"n"})") == "member named twice");
  CHECK(refused(R"({"jsonrpc":"2.0","jsonrpc":"2.0","method":"n"})") == "member named twice");
  CHECK(refused(R"({"jsonrpc":"2.0","method":"n","params":{},"params":{}})") ==
        "member named twice");
  CHECK(refused(R"({"jsonrpc":"2.0","method":"n","params":{"name":1,"n\u0061me":2}})") ==
        "member named twice");
  CHECK(refused(R"({"jsonrpc":"2.0","method":"n","params":{"other":1,"other":2}})") == "accepted");
}

TEST_CASE("JSON that is no message is told from what is no JSON") {
  for (const std::string_view text : {"[]", " [ ] ", "{}", R"({"jsonrpc":"2.0","method":1})"}) {
    CAPTURE(text);
    CHECK(scan(text).error().is_json);
  }
  for (const std::string_view text : {"", "[", "[1,]", R"({"jsonrpc":"2.0")", "[] []"}) {
    CAPTURE(text);
    CHECK_FALSE(scan(text).error().is_json);
  }
}

TEST_CASE("what JSON-RPC forbids is refused, and the reason says what") {
  CHECK(refused("") == "empty message");
  CHECK(refused("  ") == "empty message");
  CHECK(refused("42") == "neither an object nor an array");
  CHECK(refused("[]") == "empty batch");
  CHECK(refused("{}") == "\"jsonrpc\" is not \"2.0\"");
  CHECK(refused(R"({"jsonrpc":"1.0","method":"m"})") == "\"jsonrpc\" is not \"2.0\"");
  CHECK(refused(R"({"jsonrpc":2.0,"method":"m"})") == "\"jsonrpc\" is not \"2.0\"");
  CHECK(refused(R"({"jsonrpc":"2.0"})") == "neither \"method\" nor \"result\" nor \"error\"");
  CHECK(refused(R"({"jsonrpc":"2.0","id":true,"method":"m"})") ==
        "\"id\" is neither a string nor a number");
  CHECK(refused(R"({"jsonrpc":"2.0","id":{},"method":"m"})") ==
        "\"id\" is neither a string nor a number");
  CHECK(refused(R"({"jsonrpc":"2.0","id":null,"method":"m"})") == "\"id\" is null");
  CHECK(refused(R"({"jsonrpc":"2.0","id":null,"result":{}})") == "\"id\" is null");
  CHECK(refused(R"({"jsonrpc":"2.0","method":1})") == "\"method\" is not a string");
  CHECK(refused(R"({"jsonrpc":"2.0","method":"m","params":[1]})") == "\"params\" is not an object");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"method":"m","result":{}})") ==
        "both \"method\" and \"result\"");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"method":"m","error":{}})") ==
        "both \"method\" and \"error\"");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})") ==
        "both \"result\" and \"error\"");
  CHECK(refused(R"({"jsonrpc":"2.0","result":{}})") == "\"result\" without \"id\"");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"error":"no"})") == "\"error\" is not an object");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"error":{"code":"x"}})") ==
        "\"error.code\" is not a number");
  CHECK(refused(R"({"jsonrpc":"2.0","id":1,"error":{"message":1}})") ==
        "\"error.message\" is not a string");
}

/// `value` in a place where only its being JSON matters.
std::string holding(std::string_view value) {
  return R"({"jsonrpc":"2.0","method":"m","params":{"v":)" + std::string{value} + "}}";
}

TEST_CASE("every value of RFC 8259 is accepted") {
  for (const std::string_view value : {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0",
                                       "12",
                                       "-1.5",
                                       "1e5",
                                       "1E+5",
                                       "0.25e-10",
                                       "1e999",
                                       "\"\"",
                                       "\"a\"",
                                       R"("\"\\\/\b\f\n\r\t")",
                                       R"("\u00e9\uD83D\uDE00")",
                                       "\"\xC3\xA9\"",
                                       "\"\xF0\x9F\x98\x80\"",
                                       "\"\x7F\"",
                                       "[]",
                                       "[ ]",
                                       "[1,[2,{}]]",
                                       "{}",
                                       "{ }",
                                       R"({"":{"a":[]}})"}) {
    CAPTURE(value);
    CHECK(refused(holding(value)) == "accepted");
  }
}

TEST_CASE("what is not RFC 8259 is refused") {
  for (const std::string_view value : {"",
                                       "nul",
                                       "True",
                                       "01",
                                       "-",
                                       "+1",
                                       ".5",
                                       "1.",
                                       "1e",
                                       "1e+",
                                       "0x10",
                                       "NaN",
                                       "\"a",
                                       "\"\\x\"",
                                       "\"\\u12g4\"",
                                       "\"\\u12",
                                       "\"\n\"",
                                       "\"\t\"",
                                       "[1,]",
                                       "[1 2]",
                                       "[,1]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{a:1}",
                                       "{\"a\" 1}",
                                       "[1",
                                       "'a'",
                                       "1 2",
                                       "// c\n1",
                                       "\"\xC0\x80\"",
                                       "\"\xED\xA0\x80\"",
                                       "\"\xF5\x80\x80\x80\"",
                                       "\"\xE2\x82\"",
                                       "\"\xFF\"",
                                       R"("\uD800")",
                                       R"("\uD800\u0041")",
                                       R"("\uDC00")",
                                       R"("\uDC00\uDC00")",
                                       "]",
                                       "}"}) {
    CAPTURE(value);
    CHECK(refused(holding(value)) != "accepted");
  }
  CHECK(refused(holding("1") + "x") == "text after the message");
  CHECK(refused("\xEF\xBB\xBF" + holding("1")) == "neither an object nor an array");
  CHECK(refused(holding("1") + std::string(1, '\0')) == "text after the message");
}

TEST_CASE("a string is validated the same at every offset from a word boundary") {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t after = 0; after < 12; ++after) {
      const std::string a(before, 'a');
      const std::string z(after, 'z');
      CAPTURE(before);
      CAPTURE(after);
      CHECK(refused(holding('"' + a + "\\n" + z + '"')) == "accepted");
      CHECK(refused(holding('"' + a + "\xC3\xA9" + z + '"')) == "accepted");
      CHECK(refused(holding('"' + a + '\x1F' + z + '"')) == "control character in a string");
      CHECK(refused(holding('"' + a + '\xFF' + z + '"')) == "invalid UTF-8");
      CHECK(refused(holding('"' + a + "\\q" + z + '"')) == "unknown escape");
    }
  }
}

TEST_CASE("nesting is bounded") {
  const auto nested = [](std::size_t depth) {
    return holding(std::string(depth - 2, '[') + std::string(depth - 2, ']'));
  };
  CHECK(refused(nested(max_depth)) == "accepted");
  CHECK(refused(nested(max_depth + 1)) == "nested too deeply");
  CHECK(refused(std::string(1'000'000, '[')) == "nested too deeply");
}

TEST_CASE("a problem says where it was noticed") {
  const auto envelope = scan(R"({"jsonrpc":"2.0","id":tru})");
  REQUIRE_FALSE(envelope.has_value());
  CHECK(envelope.error().offset == 22);
  CHECK(envelope.error().what == "not a JSON value");
}

TEST_CASE("a batch is recognised and taken apart") {
  const std::string text = R"( [ {"jsonrpc":"2.0","id":1,"method":"ping"} , {"a":[1,"]"]},3] )";
  CHECK(accepted(text).kind == Kind::batch);
  CHECK(batch_elements(text) ==
        std::vector<std::string_view>{R"({"jsonrpc":"2.0","id":1,"method":"ping"})",
                                      R"({"a":[1,"]"]})", "3"});
}

TEST_CASE("splicing changes only the spans it names") {
  const std::string text = R"({"jsonrpc":"2.0","id":"c-1","method":"tools/call",)"
                           R"("params":{"x":"\u00e9","_meta":{"progressToken":3}}})";
  const Envelope e = accepted(text);
  const Replacement both[]{{e.id, "41"}, {e.meta_progress_token, "\"t-9\""}};

  CHECK(splice(text, e.id, "41") == R"({"jsonrpc":"2.0","id":41,"method":"tools/call",)"
                                    R"("params":{"x":"\u00e9","_meta":{"progressToken":3}}})");
  CHECK(splice(text, both) == R"({"jsonrpc":"2.0","id":41,"method":"tools/call",)"
                              R"("params":{"x":"\u00e9","_meta":{"progressToken":"t-9"}}})");
}

}  // namespace
}  // namespace mcpctl::mcp
