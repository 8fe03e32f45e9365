// Arguments of tools that a modern client repeats in headers (MCP 2026-07-28).
#include "gateway/mirrored_params.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "behind.h"
#include "http/server.h"
#include "loop/address.h"
#include "text.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::runtime::Command;
using supervisor::State;

namespace {

const std::string query_tool = R"({"name":"query","inputSchema":{"type":"object","properties":{)"
                               R"("region":{"type":"string","x-mcp-header":"Region"},)"
                               R"("n":{"type":"integer","x-mcp-header":"N"}}}})";

std::string page_of(const std::string& tools, const std::string& cursor = "") {
  return R"({"jsonrpc":"2.0","id":1,"result":{"tools":[)" + tools + ']' +
         (cursor.empty() ? "" : R"(,"nextCursor":")" + cursor + '"') + "}}";
}

std::string modern_call(const std::string& tool, const std::string& arguments) {
  return R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":")" + tool +
         R"(","arguments":)" + arguments +
         R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
         R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
}

const std::string here = R"({"region":"here"})";

/// A modern client that sends these headers with its one call.
struct Mirroring {
  Mirroring(Backend& backend, const std::string& target, relay::Mirrored headers,
            const std::string& tool = "query") {
    relay::Asker asker;
    asker.revision = mcp::newest_modern;
    asker.capabilities = "{}";
    asker.mirrored = std::move(headers);
    client = std::make_unique<Client>(backend, target, std::move(asker));
    asked = client->asks(modern_call(tool, here));
  }
  std::unique_ptr<Client> client;
  std::unique_ptr<Asked> asked;
};

const relay::Mirrored right{{"Mcp-Param-Region", "here"}};
const relay::Mirrored wrong{{"Mcp-Param-Region", "there"}};
/// What the gateway has asked for, beside the supervisor and clients.
const std::string lists_none = "asked by the gateway: 0";
const std::string lists_once = "asked by the gateway: 1";
const std::string others_once = "by others: 1";

/// A server over stdio that answers every call with how often it was asked for its list.
/// `list`: its answer to the gateway, whose second page, if there is one, has the tool.
config::Server counting(const std::string& handshake, const std::string& list) {
  return scripted("s", R"sh(
answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
tools() { answer "\"result\":{\"resultType\":\"complete\",\"tools\":[$1]}"; }
query=')sh" + query_tool + R"sh('
ours=0
others=0
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  case $line in
    *'"tools/list"'*'"version":"0"'*'"cursor"'*) tools "$query" ;;
    *'"tools/list"'*'"version":"0"'*) ours=$((ours + 1)); )sh" +
                           list + R"sh( ;;
    *'"tools/list"'*) others=$((others + 1)); tools "$query" ;;
    *'"tools/call"'*) answer '"result":{"resultType":"complete","content":[{"type":"text",'\
'"text":"asked by the gateway: '$ours', by others: '$others'"}]}' ;;
)sh" + handshake + R"sh(
    *'"id":'*) answer '"error":{"code":-32601,"message":"?"}' ;;
  esac
done)sh");
}

const std::string discovers = R"sh(
    *'"server/discover"'*) answer '"result":{"resultType":"complete",'\
'"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}' ;;)sh";
const std::string initializes = R"sh(
    *'"initialize"'*) answer '"result":{"protocolVersion":"2025-11-25","capabilities":'\
'{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;)sh";
const std::string two_pages =
    R"sh(answer '"result":{"resultType":"complete","tools":[],"nextCursor":"2"}')sh";
const std::string no_list = R"sh(answer '"error":{"code":-32603,"message":"no list today"}')sh";

/// A modern server over HTTP, elsewhere.
struct Far {
  explicit Far(loop::Loop& loop)
      : server(loop, [this](http::Exchange exchange) { answer(std::move(exchange)); }) {
    REQUIRE(server.listen_tcp(*loop::Address::ip("127.0.0.1", 0)).has_value());
  }
  std::string url() const {
    return "http://localhost:" + std::to_string(server.address().port()) + "/mcp";
  }
  void answer(http::Exchange exchange) {
    requests.push_back(exchange.request());
    const std::string& body = exchange.request().body;
    const std::string method{exchange.request().headers.get("Mcp-Method")};
    const auto envelope = mcp::scan(body);
    const std::string id{envelope ? envelope->id.in(body) : "null"};
    std::string members = R"("content":[])";
    if (method == "server/discover") {
      members = R"("supportedVersions":["2026-07-28"],"capabilities":{"tools":{}})";
    } else if (method == "tools/list") {
      members = "\"tools\":[" + query_tool + ']';
    }
    exchange.respond(200, "application/json",
                     R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"resultType":"complete",)" +
                         members + "}}");
  }
  std::vector<http::Request> seen(std::string_view method) const {
    std::vector<http::Request> found;
    std::ranges::copy_if(requests, std::back_inserter(found), [&](const http::Request& each) {
      return each.headers.get("Mcp-Method") == method;
    });
    return found;
  }

  /// By the gateway, beside the supervisor.
  std::size_t lists_asked() const {
    const auto lists = seen("tools/list");
    return static_cast<std::size_t>(std::ranges::count_if(
        lists, [](const http::Request& each) { return holds(each.body, R"("version":"0")"); }));
  }

  std::vector<http::Request> requests;
  http::Server server;
};

}  // namespace

TEST_CASE("the headers of a call must agree with the arguments that its tool wants in them") {
  MirroredParams mirrored;
  mirrored.learn(page_of(query_tool));
  const relay::Request call = request(modern_call("query", R"({"region":"Hello","n":42})"));
  const auto refused = [&](const std::string& region, const std::string& n) {
    relay::Mirrored given;
    if (!region.empty()) given.emplace_back("mcp-param-region", region);
    if (!n.empty()) given.emplace_back("Mcp-Param-N", n);
    const auto refusal = mirrored.check(given, call);
    if (refusal) CHECK(refusal->code == -32020);
    return refusal.has_value();
  };

  CHECK(refused("", "42"));
  CHECK(refused("hello", "42"));
  CHECK(refused("=?base64?SGVsbG8?=", "42"));
  CHECK(refused("=?base64?SGVs!!!bG8=?=", "42"));
  CHECK(refused("Hello", "43"));
  for (const char* const no_number : {"nan", "inf", "0x2a", " 42", "42 ", "[42]", "-", "42e"}) {
    CAPTURE(std::string{no_number});
    CHECK(refused("Hello", no_number));
  }

  CHECK_FALSE(refused("Hello", "42"));
  CHECK_FALSE(refused("=?base64?SGVsbG8=?=", "42.0"));
  mirrored.forget();
  CHECK_FALSE(refused("hello", "43"));
}

TEST_CASE("the tools are known once the last page has been read") {
  MirroredParams mirrored;
  CHECK_FALSE(mirrored.is_complete());
  mirrored.learn(page_of(R"({"name":"plain"})", "2"));
  CHECK_FALSE(mirrored.is_complete());
  mirrored.learn(page_of(query_tool, "3"));
  CHECK_FALSE(mirrored.is_complete());
  mirrored.learn(page_of(R"({"name":"nextCursor"})"));
  CHECK(mirrored.is_complete());
  mirrored.forget();
  CHECK_FALSE(mirrored.is_complete());
  mirrored.learn(page_of(R"({"name":"plain"})"));
  CHECK(mirrored.is_complete());
}

TEST_CASE("the first call with such headers waits for the server's list, and no other call") {
  Behind behind{{counting(discovers, two_pages)}};
  behind.start("s");
  const auto says = [&](const relay::Mirrored& headers) {
    const Mirroring client{*behind.upstreams, "s", headers};
    CHECK(behind.answered(*client.asked));
    return client.asked->response.value_or("");
  };

  CHECK(holds(says({}), lists_none));
  CHECK(holds(says(wrong), "-32020"));
  CHECK(holds(says(right), lists_once));
  CHECK(holds(says({}), "-32020"));

  // The next process may have other tools.
  REQUIRE(behind.fleet.supervisor().command(Command::restart, "s").has_value());
  REQUIRE(behind.fleet.until([&] { return holds(says({}), lists_none); }));
  CHECK(holds(says(wrong), "-32020"));
  CHECK(holds(says(right), lists_once));
  behind.fleet.stop_and_check();
}

TEST_CASE("only a tool's arguments must be in headers, and what disagrees counts as an error") {
  Behind behind{{counting(discovers, two_pages)}};
  behind.start("s");
  const Mirroring liar{*behind.upstreams, "s", wrong};
  REQUIRE(behind.answered(*liar.asked));
  CHECK(liar.asked->holds("-32020"));

  std::string of_prompt = modern_call("query", here);
  of_prompt.replace(of_prompt.find("tools/call"), 10, "prompts/get");
  Client modern{*behind.upstreams, "s", mcp::Era::modern};
  const auto asked = modern.asks(of_prompt);
  REQUIRE(behind.answered(*asked));
  CHECK(asked->holds("-32601"));

  const auto& tools = behind.fleet.supervisor().traffic().at("s").tools.counts();
  REQUIRE(tools.contains("query"));
  CHECK(tools.find("query")->second == runtime::Tally::Counts{0, 1, 0});
  behind.fleet.stop_and_check();
}

TEST_CASE("a list that a client has asked for is not asked for again") {
  Behind behind{{counting(discovers, no_list)}};
  behind.start("s");
  Client modern{*behind.upstreams, "s", mcp::Era::modern};
  const auto listed = modern.lists("1");
  REQUIRE(behind.answered(*listed));

  const Mirroring liar{*behind.upstreams, "s", wrong};
  REQUIRE(behind.answered(*liar.asked));
  CHECK(liar.asked->holds("-32020"));
  const Mirroring client{*behind.upstreams, "s", right};
  REQUIRE(behind.answered(*client.asked));
  CHECK(client.asked->holds(lists_none));
  behind.fleet.stop_and_check();
}

TEST_CASE("a server without a list holds up a call once, and not for long") {
  std::string list = no_list;
  SUBCASE("that refuses it") {}
  SUBCASE("that never answers") { list = ":"; }
  Behind behind{{counting(discovers, list)}};
  behind.start("s");

  for (int i = 0; i < 2; ++i) {
    const Mirroring client{*behind.upstreams, "s", wrong};
    REQUIRE(behind.answered(*client.asked));
    CHECK(client.asked->holds(lists_once));
  }
  behind.fleet.stop_and_check();
}

TEST_CASE("the first call at /mcp must agree with its headers, too") {
  Behind behind{{counting(discovers, two_pages)}};
  behind.start("s");

  const Mirroring liar{*behind.upstreams, "", wrong, "s__query"};
  REQUIRE(behind.answered(*liar.asked));
  CHECK(liar.asked->holds("-32020"));
  const Mirroring client{*behind.upstreams, "", right, "s__query"};
  REQUIRE(behind.answered(*client.asked));
  CHECK(client.asked->holds("asked by"));
  behind.fleet.stop_and_check();
}

TEST_CASE("no list is asked of a legacy server for a call's headers") {
  Behind behind{{counting(initializes, two_pages)}};
  behind.start("s");

  for (int i = 0; i < 2; ++i) {
    const Mirroring client{*behind.upstreams, "s", wrong};
    REQUIRE(behind.answered(*client.asked));
    CHECK(client.asked->holds(others_once));  // the supervisor
  }
  behind.fleet.stop_and_check();
}

TEST_CASE("the first call to a modern server over HTTP has the headers that its tool wants") {
  Behind behind{{server("one")}};
  Far far{behind.fleet.loop()};
  behind.start("one");
  config::Server remote;
  remote.name = "far";
  remote.transport = config::Transport::remote;
  remote.url = far.url();
  behind.fleet.reading().config.servers.push_back(remote);
  REQUIRE(behind.fleet.supervisor().reload(false).applied);
  REQUIRE(behind.fleet.until_state("far", State::ready));
  CHECK(far.lists_asked() == 0);

  SUBCASE("of a session") {
    Client session{*behind.upstreams, "far"};
    const auto asked = session.calls("7", "query", here);
    REQUIRE(behind.answered(*asked));
  }
  SUBCASE("of a modern client") {
    const Mirroring client{*behind.upstreams, "far", right};
    REQUIRE(behind.answered(*client.asked));
  }
  REQUIRE(far.seen("tools/call").size() == 1);
  const Mirroring next{
      *behind.upstreams, "far", {{"mcp-param-region", "here"}, {"Mcp-Param-Unknown", "kept"}}};
  REQUIRE(behind.answered(*next.asked));

  CHECK(far.lists_asked() == 1);
  REQUIRE(far.seen("tools/call").size() == 2);
  for (const http::Request& call : far.seen("tools/call")) {
    CHECK(call.headers.get("Mcp-Param-Region") == "here");
    CHECK(call.headers.count("Mcp-Param-Region") == 1);
  }
  CHECK(far.seen("tools/call").back().headers.get("Mcp-Param-Unknown") == "kept");
  behind.fleet.stop_and_check();
}
