#include <doctest/doctest.h>
#include <sys/wait.h>

#include <string>
#include <utility>
#include <vector>

#include "program.h"
#include "words.h"

using mcpctl::tests::Json;
using mcpctl::tests::modern_meta;
using mcpctl::tests::Program;

namespace {

class Math {
 public:
  Json ask(const std::string& method, Json params = Json::object()) {
    const int id = ++id_;
    const Json answer = Json::parse(program_.ask(
        Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}}
            .dump()));
    CHECK(answer["jsonrpc"] == "2.0");
    CHECK(answer["id"] == id);
    return answer;
  }
  Json initialize(const std::string& revision = "2025-11-25") {
    return ask("initialize", {{"protocolVersion", revision},
                              {"capabilities", Json::object()},
                              {"clientInfo", {{"name", "test"}, {"version", "1"}}}});
  }
  Json call(const std::string& tool, Json arguments) {
    return ask("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}})["result"];
  }
  Program& program() { return program_; }

 private:
  Program program_{"math"};
  int id_{0};
};

std::string text_of(const Json& result) { return result["content"][0]["text"]; }

}  // namespace

TEST_CASE("math answers a client of the legacy era") {
  Math math;

  const Json hello = math.initialize()["result"];
  CHECK(hello["protocolVersion"] == "2025-11-25");
  CHECK(hello["serverInfo"]["name"] == "math");
  CHECK(hello["capabilities"] == Json{{"tools", Json::object()}});
  CHECK(math.ask("ping")["result"] == Json::object());
  const Json sum = math.call("add", {{"a", 2}, {"b", 0.5}});
  CHECK(sum["structuredContent"] == Json{{"result", 2.5}});
  CHECK(text_of(sum) == "2.5");
  CHECK(sum["isError"] == false);
  CHECK_FALSE(sum.contains("resultType"));
}

TEST_CASE("math agrees to the revisions of the legacy era, and offers its newest to others") {
  for (const char* revision : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    CAPTURE(revision);
    CHECK(Math{}.initialize(revision)["result"]["protocolVersion"] == revision);
  }
  CHECK(Math{}.initialize("2030-01-01")["result"]["protocolVersion"] == "2025-11-25");
}

TEST_CASE("math answers a client of the modern era, without any handshake") {
  Math math;

  const Json found = math.ask("server/discover", {{"_meta", modern_meta}})["result"];
  CHECK(found["resultType"] == "complete");
  CHECK(found["supportedVersions"] == Json{"2026-07-28"});
  CHECK(found["ttlMs"].is_number_integer());
  CHECK(found["cacheScope"] == "public");
  const Json tools = math.ask("tools/list", {{"_meta", modern_meta}})["result"];
  CHECK(tools["resultType"] == "complete");
  CHECK(tools["tools"].size() == 4);
  CHECK(tools["ttlMs"].is_number_integer());
  const Json product = math.ask("tools/call", {{"name", "multiply"},
                                               {"arguments", {{"a", 6}, {"b", 7}}},
                                               {"_meta", modern_meta}})["result"];
  CHECK(product["resultType"] == "complete");
  CHECK(product["structuredContent"]["result"] == 42);
  CHECK(product["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "math");
}

TEST_CASE("every tool of math shows schemas of type object") {
  Math math;
  math.initialize();

  const Json tools = math.ask("tools/list")["result"]["tools"];

  std::vector<std::string> names;
  for (const Json& tool : tools) {
    names.push_back(tool["name"]);
    CHECK(tool["description"].is_string());
    CHECK(tool["inputSchema"]["type"] == "object");
    CHECK(tool["inputSchema"]["required"].size() == 2);
    CHECK(tool["outputSchema"]["type"] == "object");
    CHECK(tool["outputSchema"]["required"] == Json{"result"});
  }
  CHECK(names == std::vector<std::string>{"add", "multiply", "divide", "power"});
}

TEST_CASE("what has no result is a tool error that says why") {
  Math math;
  math.initialize();
  const auto error = [&](const char* tool, Json arguments) {
    const Json result = math.call(tool, std::move(arguments));
    CHECK(result["isError"] == true);
    CHECK_FALSE(result.contains("structuredContent"));
    return text_of(result);
  };

  CHECK(error("divide", {{"dividend", 1}, {"divisor", 0}}) ==
        "cannot divide 1 by 0: division by zero has no result; give a divisor other than 0");
  CHECK(error("power", {{"base", 0}, {"exponent", -1}}) ==
        "cannot raise 0 to the power -1: that divides by zero; give an exponent of 0 or more");
  CHECK(error("power", {{"base", -8}, {"exponent", 0.5}}) ==
        "cannot raise -8 to the power 0.5: a negative base has no real result here; give a whole "
        "exponent");
  CHECK(error("multiply", {{"a", 1e200}, {"b", 1e200}}) ==
        "cannot multiply 1e+200 by 1e+200: the result exceeds the range of a double");
}

TEST_CASE("arguments that do not fit are named all at once") {
  Math math;
  math.initialize();

  const Json result = math.call("divide", {{"dividend", "1"}, {"by", 2}});

  CHECK(result["isError"] == true);
  CHECK(text_of(result) ==
        "cannot call divide: there is no argument 'by'; the argument 'dividend' must be a number, "
        "not a string; the argument 'divisor' (a number) is missing");
}

TEST_CASE("protocol errors are JSON-RPC errors") {
  Math math;
  const auto code = [](const Json& answer) { return answer["error"]["code"].get<int>(); };

  CHECK(code(math.ask("tools/list")) == -32602);  // no initialize, no _meta
  Json other_version = modern_meta;
  other_version["io.modelcontextprotocol/protocolVersion"] = "2031-01-01";
  const Json refused = math.ask("tools/list", {{"_meta", other_version}});
  CHECK(code(refused) == -32022);
  CHECK(refused["error"]["data"]["requested"] == "2031-01-01");
  CHECK(refused["error"]["data"]["supported"] == Json{"2026-07-28"});
  CHECK(code(math.ask("ping", {{"_meta", modern_meta}})) == -32601);  // removed in the modern era
  math.initialize();
  CHECK(code(math.ask("resources/list")) == -32601);
  CHECK(code(math.ask("tools/call", {{"name", "subtract"}})) == -32602);
  CHECK(code(math.ask("tools/list", {{"cursor", ""}})) == -32602);
  CHECK(code(Json::parse(math.program().ask("{not json"))) == -32700);
  CHECK(code(Json::parse(math.program().ask(R"({"jsonrpc":"1.0","id":1,"method":"ping"})"))) ==
        -32600);
}

TEST_CASE("math leaves when its input ends, and answers first what came before") {
  Math math;
  math.program().send(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  math.program().close_stdin();

  CHECK(math.program().line() == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  const auto status = math.program().wait();
  CHECK(status == 0);
}
