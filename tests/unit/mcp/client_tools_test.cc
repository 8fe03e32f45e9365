#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mcp/client.h"
#include "mcp/raw.h"
#include "tests/unit/mcp/conversation.h"

namespace mcpctl::mcp {
namespace {

TEST_CASE("what a server says of itself is kept, bounded and printable") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers(R"({"protocolVersion":"2025-06-18","instructions":"caf\u00e9","capabilities":)"
            R"({"logging":{},"x":[1, 2]},"serverInfo":{"name":"a\u001b[31mb","title":"T",)"
            R"("version":")" +
            std::string(10'000, 'v') + R"("}})");

  const Identity& identity = c.client.identity();
  CHECK(identity.name == "a [31mb");
  CHECK(identity.title == "T");
  CHECK(identity.version.size() <= 256);
  CHECK(identity.capabilities == R"({"logging":{},"x":[1, 2]})");
  CHECK(identity.instructions_length == 5);
}

TEST_CASE("tools are listed after the handshake, and readiness does not wait for them") {
  Conversation c;
  c.answers(discover_result);
  REQUIRE(c.client.is_ready());

  c.answers(tools_result({"a", "b"}));

  CHECK(c.client.tools().size() == 2);
  CHECK(c.client.tools()[1].name == "b");
  CHECK(c.last<ToolsListed>().count == 2);
  CHECK(c.last<ToolsListed>().changed);
  CHECK_FALSE(c.client.next_deadline().has_value());
}

TEST_CASE("a server without tools is not asked for them") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers(no_tools_result);
  CHECK(c.methods.back() == "notifications/initialized");
  CHECK_FALSE(c.client.next_deadline().has_value());
}

TEST_CASE("all pages are read; an empty cursor is not the end") {
  Conversation c;
  c.answers(discover_result);

  c.answers(tools_result({"a"}, R"("")"));
  CHECK(member(member(c.sent.back(), "params"), "cursor") == R"("")");
  c.answers(tools_result({"b"}, R"("p\"3")"));
  CHECK(member(member(c.sent.back(), "params"), "cursor") == R"("p\"3")");
  CHECK(c.client.tools().empty());
  c.answers(tools_result({"c"}));

  CHECK(c.client.tools().size() == 3);
  CHECK_FALSE(c.last<ToolsListed>().truncated);
}

TEST_CASE("a server that never ends its list is cut off") {
  SUBCASE("by pages") {
    Conversation c;
    c.answers(discover_result);
    int pages = 0;
    while (c.count<ToolsListed>() == 0) {
      c.answers(tools_result({"t"}, '"' + std::to_string(++pages) + '"'));
      REQUIRE(pages <= 100);
    }
    CHECK(pages == 100);
    CHECK(c.last<ToolsListed>().truncated);
  }
  SUBCASE("by tools") {
    Conversation c;
    c.answers(discover_result);
    c.answers(tools_result(std::vector<std::string>(20'000, "t")));
    CHECK(c.client.tools().size() == 10'000);
    CHECK(c.last<ToolsListed>().truncated);
  }
  SUBCASE("by a cursor that leads to itself") {
    Conversation c;
    c.answers(discover_result);
    c.answers(tools_result({"t"}, R"("again")"));
    c.answers(tools_result({"t"}, R"("again")"));
    CHECK(c.last<ToolsListed>().truncated);
  }
}

TEST_CASE("a list that cannot be had is told, and the old one is kept") {
  Conversation c = legacy();
  c.says(list_changed);
  c.waits(1s);
  REQUIRE(c.methods == Methods{"tools/list"});

  SUBCASE("error") { c.refuses(-32603); }
  SUBCASE("silence") { c.waits(30s); }
  SUBCASE("not a list") { c.answers(R"({"tools":"all"})"); }

  CHECK(c.count<ToolListFailed>() == 1);
  CHECK(c.client.tools().size() == 1);
  CHECK(c.client.is_ready());
}

TEST_CASE("many changes at once are one reason to list") {
  Conversation c = legacy();
  c.waits(10s);

  for (int i = 0; i < 50; ++i) c.says(list_changed);
  CHECK(c.methods.empty());
  c.waits(200ms);

  CHECK(c.methods == Methods{"tools/list"});
}

TEST_CASE("a change while the tools are being listed is listed again") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers(legacy_result);
  c.says(list_changed);
  c.says(list_changed);

  c.answers(tools_result({"a"}));
  c.waits(1s);
  c.answers(tools_result({"a", "b"}));
  c.waits(1h);

  CHECK(std::count(c.methods.begin(), c.methods.end(), "tools/list") == 2);
  CHECK(c.client.tools().size() == 2);
}

TEST_CASE("a changed description is a change, the same list is none") {
  Conversation c = legacy();
  const auto relist = [&c](std::string_view result) {
    c.says(list_changed);
    c.waits(5s);
    c.events.clear();
    c.answers(result);
    return c.last<ToolsListed>().changed;
  };
  CHECK_FALSE(relist(tools_result({"echo"})));
  CHECK(relist(R"({"tools":[{"name":"echo","inputSchema":{"type":"object"},"description":"x"}]})"));
}

TEST_CASE("a server that announces a change whenever it is asked is asked less and less") {
  Conversation c = legacy();
  for (int i = 0; i < 2000; ++i) {
    if (c.methods.size() > 0 && c.methods.back() == "tools/list") {
      c.methods.back() = "answered";
      c.answers(tools_result({"echo"}));
      c.says(list_changed);
    } else if (i == 0) {
      c.says(list_changed);
    }
    c.waits(500ms);
  }
  CHECK(c.methods.size() < 30);  // in 1000 s
}

}  // namespace
}  // namespace mcpctl::mcp
