// Whether a server's next incarnation lists what the one before did.
#include "relay/list_watch.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using What = Heard::What;

/// A server that the test plays; each conversation counts its ids anew.
struct Listed {
  explicit Listed(std::string capabilities = R"({"tools":{"listChanged":true}})",
                  mcp::Era of = mcp::Era::legacy)
      : can(std::move(capabilities)), era(of) {}

  void begins() {
    ServerProfile server = server_of(era);
    server.capabilities = can;
    watch.opened(std::move(server), [this] { return ++id; });
    watch.ask();
    collect();
  }
  void answers(const std::string& result) { says(result_text(asked.back().id, result)); }
  void lists(const std::string& tools) { answers("{\"tools\":[" + tools + "]}"); }
  bool says(const std::string& text) {
    const Request said = message(text);
    const bool taken = watch.take(said.text, said.envelope);
    collect();
    return taken;
  }
  void collect() {
    for (Output& output : watch.take_outputs()) {
      if (auto* to_server = std::get_if<ToServer>(&output)) asked.push_back(std::move(*to_server));
      if (const auto* heard = std::get_if<Heard>(&output)) news.push_back(heard->what);
    }
  }

  std::string can;
  mcp::Era era;
  ListWatch watch;
  std::uint64_t id{0};
  std::vector<ToServer> asked;
  std::vector<What> news;
};

const std::string echo = R"({"name":"echo"})";
const std::string sleep = R"({"name":"sleep"})";

TEST_CASE("an incarnation with other tools is news, one with the same tools is none") {
  Listed server;
  server.begins();
  CHECK(server.asked.back().text == request_text("1", "tools/list"));
  server.lists(echo);

  server.begins();
  server.lists(echo);
  CHECK(server.news.empty());

  server.begins();
  server.lists(echo + ',' + sleep);
  CHECK(server.news == std::vector{What::tools_changed});
}

TEST_CASE("lists are asked for one after the other, page after page, and only what is offered") {
  Listed server{R"({"prompts":{},"resources":{}})"};
  server.begins();
  server.answers(R"({"prompts":[{"name":"a"}],"nextCursor":"more"})");
  CHECK(server.asked.back().text == request_text("2", "prompts/list", R"({"cursor":"more"})"));
  server.answers(R"({"prompts":[{"name":"b"}]})");
  server.answers(R"({"resources":[]})");
  CHECK(server.asked.back().text == request_text("4", "resources/templates/list"));
  server.answers(R"({"resourceTemplates":[]})");
  CHECK(server.asked.size() == 4);

  server.begins();
  server.answers(R"({"prompts":[{"name":"a"}]})");
  server.answers(R"({"resources":[]})");
  server.answers(R"({"resourceTemplates":[{"uriTemplate":"a://{b}"}]})");

  CHECK(server.news == std::vector{What::prompts_changed, What::resources_changed});
}

TEST_CASE("tools that the next incarnation offers no more are news, too") {
  Listed server;
  server.begins();
  server.lists(echo);
  server.can = "{}";

  server.begins();

  CHECK(server.news == std::vector{What::tools_changed});
}

TEST_CASE("what the server has announced is not announced again") {
  Listed server;
  server.begins();
  server.lists(echo);
  server.watch.changed(What::tools_changed);
  server.watch.ask();
  server.collect();
  server.lists(sleep);
  CHECK(server.news.empty());

  server.begins();
  server.lists(sleep);
  CHECK(server.news.empty());
}

TEST_CASE("a list that changed while it was listed is asked for again, but not at once") {
  Listed server;
  server.begins();
  server.watch.changed(What::tools_changed);
  server.lists(echo);
  CHECK(server.asked.size() == 1);

  server.watch.ask();
  server.collect();
  CHECK(server.asked.size() == 2);
}

TEST_CASE("what became of a list when its server died is news with the next incarnation") {
  Listed server;
  server.begins();
  SUBCASE("it never answered") {}
  SUBCASE("it had changed") {
    server.lists(echo);
    server.watch.changed(What::tools_changed);
  }
  server.watch.closed();

  server.begins();
  server.lists(echo);

  CHECK(server.news == std::vector{What::tools_changed});
}

TEST_CASE("a list whose answer is lost is asked for again, but not at once") {
  Listed server;
  server.begins();
  CHECK_FALSE(server.watch.lost(7));

  CHECK(server.watch.lost(server.asked.back().id));
  server.collect();
  CHECK(server.asked.size() == 1);
  server.watch.ask();
  server.collect();
  CHECK(server.asked.size() == 2);
  server.lists(echo);
  CHECK(server.news.empty());
}

TEST_CASE("what the server may have announced unheard is looked up, and is news if it is so") {
  Listed server;
  server.begins();
  server.lists(echo);

  server.watch.missed();
  server.watch.ask();
  server.collect();
  server.lists(echo);
  CHECK(server.news.empty());

  server.watch.missed();
  server.watch.ask();
  server.collect();
  server.lists(sleep);
  CHECK(server.news == std::vector{What::tools_changed});
}

TEST_CASE("an error in place of a list says nothing of it") {
  Listed server;
  server.begins();
  server.lists(echo);
  server.begins();
  CHECK(server.says(R"({"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"later"}})"));
  CHECK(server.news.empty());

  server.begins();
  server.lists(sleep);
  CHECK(server.news == std::vector{What::tools_changed});
}

TEST_CASE(
    "lists are kept for who wants them, over the end of the conversation, while they are sure") {
  Listed server;
  server.watch.keep(true);
  server.begins();
  CHECK(server.watch.items(Listing::tools) == nullptr);
  server.lists(echo);
  server.watch.closed();
  REQUIRE(server.watch.items(Listing::tools) != nullptr);
  CHECK(*server.watch.items(Listing::tools) == ListWatch::Items{echo});
  CHECK(server.watch.items(Listing::prompts)->empty());
  const std::uint64_t before = server.watch.changes();

  server.begins();
  server.lists(echo);
  CHECK(server.watch.changes() == before);
  server.watch.changed(What::tools_changed);
  CHECK(server.watch.items(Listing::tools) == nullptr);
  CHECK(server.watch.changes() > before);
}

TEST_CASE("what is kept of a list stands on one line, however the server wrote it") {
  Listed server;
  server.watch.keep(true);
  server.begins();
  server.lists("{\n  \"name\":\r\n \"a\\nb\"}");

  CHECK(*server.watch.items(Listing::tools) == ListWatch::Items{"{   \"name\":   \"a\\nb\"}"});
}

TEST_CASE("what is recalled of an earlier life counts as what clients have seen") {
  Listed server;
  server.watch.recall(Listing::tools, {echo});
  REQUIRE(server.watch.items(Listing::tools) != nullptr);

  server.begins();
  SUBCASE("the same") {
    server.lists(echo);
    CHECK(server.news.empty());
  }
  SUBCASE("another") {
    server.lists(sleep);
    CHECK(server.news == std::vector{What::tools_changed});
  }
}

TEST_CASE("a server is not asked in vain") {
  Listed server;
  server.watch.ask();
  server.collect();
  CHECK(server.asked.empty());

  server.begins();
  CHECK_FALSE(server.says(R"({"jsonrpc":"2.0","id":7,"result":{}})"));
  CHECK_FALSE(server.says(notification_text("notifications/tools/list_changed")));
  server.watch.closed();
  CHECK_FALSE(server.says(R"({"jsonrpc":"2.0","id":1,"result":{"tools":[]}})"));
}

TEST_CASE("a modern server is asked as a modern client asks") {
  Listed server{R"({"tools":{}})", mcp::Era::modern};
  server.begins();

  CHECK(server.asked.back().headers->method == "tools/list");
  CHECK(server.asked.back().text.find(
            R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")") != std::string::npos);
}

}  // namespace
}  // namespace mcpctl::relay
