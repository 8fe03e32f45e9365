#include "relay/lists.h"

#include <doctest/doctest.h>

namespace mcpctl::relay {
namespace {

Request message(std::string text) {
  auto request = read_request(std::move(text));
  REQUIRE(request.has_value());
  return std::move(*request);
}

Request call(std::string_view method, std::string_view params) {
  return message(R"({"jsonrpc":"2.0","id":1,"method":")" + std::string{method} + R"(","params":)" +
                 std::string{params} + '}');
}

Catalog two_servers() {
  Catalog catalog{{{.server = "alpha"}, {.server = "beta"}}};
  catalog.set("beta", Listing::tools, {R"({"name":"echo","n":1.50})", R"({"name":"add"})"});
  catalog.set("alpha", Listing::tools, {R"({"title":"E","name":"echo"})"});
  return catalog;
}

TEST_CASE("the tools of all servers are one list, in the order of the configuration") {
  CHECK(two_servers().result(Listing::tools, mcp::Era::legacy) ==
        R"({"tools":[{"title":"E","name":"alpha__echo"},{"name":"beta__echo","n":1.50},)"
        R"({"name":"beta__add"}]})");
  CHECK(Catalog{{}}.result(Listing::prompts, mcp::Era::modern) ==
        R"({"resultType":"complete","ttlMs":0,"cacheScope":"private","prompts":[]})");
}

TEST_CASE("a server that cannot be had is named, the others are listed") {
  Catalog catalog = two_servers();
  CHECK(catalog.is_known("beta", Listing::tools));
  catalog.set_missing("beta", Listing::tools, "failed: exit code 1");
  CHECK(catalog.result(Listing::tools, mcp::Era::legacy) ==
        R"({"tools":[{"title":"E","name":"alpha__echo"}],)"
        R"("_meta":{"mcpctl/missing":{"beta":"failed: exit code 1"}}})");
  catalog.forget("beta", Listing::tools);
  CHECK_FALSE(catalog.is_known("beta", Listing::tools));
}

TEST_CASE(
    "a call goes to the server in its name, which sees its own name and nothing else changed") {
  const auto route = two_servers().route(
      call("tools/call", R"({"arguments":{"x":1.00},"name":"beta__ec\u0068o"})"));
  REQUIRE(route.has_value());
  CHECK(route->server == "beta");
  CHECK(route->request.text == R"({"jsonrpc":"2.0","id":1,"method":"tools/call",)"
                               R"("params":{"arguments":{"x":1.00},"name":"echo"}})");
}

TEST_CASE("a call's trace goes with it to its server") {
  Request traced = call("tools/call", R"({"name":"alpha__new"})");
  traced.trace = {{"traceparent", "00-a-b-01"}};

  CHECK(two_servers().route(traced)->request.trace == traced.trace);
}

TEST_CASE("a name that was shortened finds its way back") {
  const std::string tool(200, 'x');
  Catalog catalog{{{.server = "a"}}};
  catalog.set("a", Listing::tools, {R"({"name":")" + tool + R"("})"});
  const Page page = read_page(Listing::tools, catalog.result(Listing::tools, mcp::Era::legacy));
  REQUIRE(page.items.size() == 1);

  const auto route = catalog.route(call("tools/call", page.items[0]));
  REQUIRE(route.has_value());
  CHECK(route->request.text.find('"' + tool + '"') != std::string::npos);
}

TEST_CASE("a tool that is new is called before it was listed, an unknown server's is not") {
  CHECK(two_servers().route(call("tools/call", R"({"name":"alpha__new"})"))->server == "alpha");
  CHECK_FALSE(two_servers().route(call("tools/call", R"({"name":"gamma__echo"})")).has_value());
  CHECK_FALSE(two_servers().route(call("tools/call", R"({"name":"echo"})")).has_value());
  CHECK_FALSE(two_servers().route(call("tools/call", R"({"name":1})")).has_value());
  CHECK_FALSE(two_servers().route(call("x/y", R"({"name":"alpha__echo"})")).has_value());
}

TEST_CASE("a tool that the configuration hides is neither listed nor called") {
  Catalog catalog{{{.server = "a", .tools = {.enabled = {}, .disabled = {"rm*"}}}}};
  catalog.set("a", Listing::tools, {R"({"name":"rm_all"})", R"({"name":"ls"})"});
  CHECK(catalog.result(Listing::tools, mcp::Era::legacy) == R"({"tools":[{"name":"a__ls"}]})");
  CHECK_FALSE(catalog.route(call("tools/call", R"({"name":"a__rm_all"})")).has_value());
}

TEST_CASE("a resource keeps its URI; the first server that lists it has it, then templates") {
  Catalog catalog{{{.server = "a"}, {.server = "b"}}};
  catalog.set("a", Listing::resource_templates, {R"({"uriTemplate":"db://{table}/rows"})"});
  catalog.set("a", Listing::resources, {R"({"uri":"file:///x","name":"of a"})"});
  catalog.set("b", Listing::resources,
              {R"({"uri":"file:///x","name":"of b"})", R"({"uri":"db://t/rows"})"});
  CHECK(catalog.result(Listing::resources, mcp::Era::legacy) ==
        R"({"resources":[{"uri":"file:///x","name":"of a"},{"uri":"db://t/rows"}]})");
  CHECK(catalog.route(call("resources/read", R"({"uri":"file:///x"})"))->server == "a");
  CHECK(catalog.route(call("resources/read", R"({"uri":"db://t/rows"})"))->server == "b");
  CHECK(catalog.route(call("resources/subscribe", R"({"uri":"db://u/rows"})"))->server == "a");
  CHECK_FALSE(catalog.route(call("resources/read", R"({"uri":"db://u"})")).has_value());
}

TEST_CASE("a completion follows the prompt or the template that it is for") {
  Catalog catalog{{{.server = "a"}, {.server = "b"}}};
  catalog.set("b", Listing::prompts, {R"({"name":"p"})"});
  catalog.set("a", Listing::resource_templates, {R"({"uriTemplate":"t://{x}"})"});
  const auto prompt = catalog.route(
      call("completion/complete", R"({"ref":{"type":"ref/prompt","name":"b__p"},"argument":{}})"));
  REQUIRE(prompt.has_value());
  CHECK(prompt->server == "b");
  CHECK(prompt->request.text.find(R"("name":"p")") != std::string::npos);
  CHECK(
      catalog
          .route(call("completion/complete", R"({"ref":{"type":"ref/resource","uri":"t://{x}"}})"))
          ->server == "a");
}

TEST_CASE("a page is read with its cursor, the empty one too") {
  const Page page = read_page(Listing::resource_templates,
                              R"({"resourceTemplates":[{"a":1},7,{"b":2}],"nextCursor":""})");
  CHECK(page.items == std::vector<std::string>{R"({"a":1})", R"({"b":2})"});
  CHECK(page.cursor == "\"\"");
  CHECK_FALSE(read_page(Listing::tools, R"({"tools":[],"nextCursor":null})").cursor.has_value());
}

TEST_CASE("together the servers can what any of them can") {
  const ServerProfile tools{.capabilities = R"({"tools":{}})", .instructions = R"("Use it.")"};
  const ServerProfile files{.capabilities = R"({"resources":{"subscribe":true},"logging":{}})"};
  const ServerProfile joint = joint_profile(
      {{"a", tools}, {"b", files}, {.server = "c", .profile = {}, .why = "failed"}}, "{}");
  CHECK(joint.capabilities ==
        R"({"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},)"
        R"("logging":{}})");
  CHECK(joint.instructions == R"("a: Use it.")");
  CHECK(is_offered(Listing::resource_templates, joint));
  CHECK_FALSE(is_offered(Listing::prompts, joint));
}

TEST_CASE("all servers together have tasks as far as a legacy one has") {
  const auto with = [](mcp::Era era, std::string_view tasks) {
    return ServerProfile{.era = era,
                         .capabilities = R"({"tools":{},"tasks":)" + std::string{tasks} + '}'};
  };
  const auto together = [](const ServerProfile& first, const ServerProfile& second) {
    return joint_profile({{"a", first}, {"b", second}}, "{}").capabilities;
  };
  const ServerProfile calls =
      with(mcp::Era::legacy, R"({"requests":{"tools":{"call":{}},"sampling":{}}})");
  CHECK(together(calls, with(mcp::Era::legacy, R"({"list":{},"cancel":{}})")) ==
        R"({"tools":{"listChanged":true},)"
        R"("tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}})");
  CHECK(together(calls, with(mcp::Era::modern, R"({"list":{},"cancel":{}})")) ==
        R"({"tools":{"listChanged":true},"tasks":{"requests":{"tools":{"call":{}}}}})");
}

}  // namespace
}  // namespace mcpctl::relay
