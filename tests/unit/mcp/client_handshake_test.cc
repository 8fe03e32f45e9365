#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mcp/client.h"
#include "tests/unit/mcp/conversation.h"

namespace mcpctl::mcp {
namespace {

TEST_CASE("the first message is server/discover, and nothing else is said unasked") {
  Conversation c;
  CHECK(c.methods == Methods{"server/discover"});
  CHECK_FALSE(c.client.is_ready());
}

TEST_CASE("a DiscoverResult makes the server modern") {
  Conversation c;

  c.answers(discover_result);

  CHECK(c.count<HandshakeCompleted>() == 1);
  CHECK(c.client.identity().era == Era::modern);
  CHECK(c.client.identity().protocol_version == "2026-07-28");
  CHECK(c.client.identity().name == "new");
  CHECK(c.client.identity().version == "1.2.3");
  CHECK(c.methods == Methods{"server/discover", "tools/list"});
  CHECK_FALSE(c.client.skip_discover_next_time());
}

TEST_CASE("any error on server/discover but one brings initialize") {
  for (const int code : {-32601, -32600, -32602, -32000, -32020, -32021, 0, 42}) {
    CAPTURE(code);
    Conversation c;
    c.refuses(code);
    CHECK(c.methods == Methods{"server/discover", "initialize"});
    CHECK(c.client.identity().era == Era::unknown);
  }
}

TEST_CASE("an error without an id during the probe is about the probe") {
  for (const std::string_view id : {R"("id":null,)", ""}) {
    Conversation c;
    c.says(R"({"jsonrpc":"2.0",)" + std::string{id} +
           R"("error":{"code":-32600,"message":"Invalid Request"}})");
    CHECK(c.methods == Methods{"server/discover", "initialize"});
  }
}

TEST_CASE("a result of server/discover that is no DiscoverResult brings initialize") {
  Conversation c;
  c.answers("{}");
  CHECK(c.methods == Methods{"server/discover", "initialize"});
}

TEST_CASE("UnsupportedProtocolVersion makes the server modern when we share a revision") {
  Conversation c;
  c.refuses(error_code::unsupported_protocol_version,
            R"({"supported":["2026-07-28","2025-11-25"],"requested":"x"})");
  CHECK(c.client.is_ready());
  CHECK(c.client.identity().era == Era::modern);
}

TEST_CASE("UnsupportedProtocolVersion with legacy revisions, or none, brings initialize") {
  for (const std::string_view data : {R"({"supported":["2025-11-25"]})", "null", "{}"}) {
    Conversation c;
    c.refuses(error_code::unsupported_protocol_version, data);
    CHECK(c.methods == Methods{"server/discover", "initialize"});
  }
}

TEST_CASE("a server of a future revision only is refused by name") {
  Conversation c;
  c.refuses(error_code::unsupported_protocol_version, R"({"supported":["2031-01-01"]})");
  CHECK(c.last<HandshakeFailed>().why ==
        "cannot agree on a protocol revision: server speaks only 2031-01-01");
}

TEST_CASE("silence on server/discover brings initialize after two seconds") {
  Conversation c;

  c.waits(1'999ms);
  CHECK(c.methods == Methods{"server/discover"});
  c.waits(1ms);

  CHECK(c.methods == Methods{"server/discover", "initialize"});
  CHECK(c.client.skip_discover_next_time());
  CHECK_FALSE(c.client.next_deadline().has_value());  // the start timeout is not ours
}

TEST_CASE("a server that has not read server/discover is not silent on it") {
  Conversation c;
  c.unread = true;  // it still loads
  c.waits(20s);
  CHECK(c.methods == Methods{"server/discover"});
  c.unread = false;
  c.waits(9s);  // and we have looked again
  CHECK(c.methods == Methods{"server/discover"});

  SUBCASE("and its answer decides") {
    c.answers(discover_result);
    CHECK(c.client.identity().era == Era::modern);
  }
  SUBCASE("until it has had its two seconds") {
    c.waits(2s);
    CHECK(c.methods == Methods{"server/discover", "initialize"});
  }
}

TEST_CASE("a server that reads late has nearly two seconds from then") {
  Conversation c;
  c.unread = true;
  c.waits(1'900ms);
  c.unread = false;
  c.waits(1'750ms);
  CHECK(c.methods == Methods{"server/discover"});
  c.waits(1s);
  CHECK(c.methods == Methods{"server/discover", "initialize"});
}

TEST_CASE("a server that never reads is looked at ever more rarely") {
  Conversation c;
  c.unread = true;
  c.waits(24h);
  CHECK(c.polls < 40);
}

TEST_CASE("a slow legacy server answers both questions and is legacy") {
  Conversation c;
  c.waits(2s);

  c.refuses_to(1, error_code::method_not_found);
  c.answers_to(2, legacy_result);

  CHECK(c.client.identity().era == Era::legacy);
  CHECK(c.count<HandshakeCompleted>() == 1);
  CHECK(c.methods ==
        Methods{"server/discover", "initialize", "notifications/initialized", "tools/list"});
}

TEST_CASE("a slow dual-era server that has seen initialize is legacy, but only this time") {
  Conversation c;
  c.waits(2s);

  c.answers_to(1, discover_result);
  CHECK_FALSE(c.client.is_ready());
  c.answers_to(2, legacy_result);

  CHECK(c.client.identity().era == Era::legacy);
  CHECK(c.client.identity().name == "old");
  CHECK(c.count<HandshakeCompleted>() == 1);
  CHECK_FALSE(c.client.skip_discover_next_time());
}

TEST_CASE("a slow modern server that refuses initialize is modern") {
  Conversation c;
  c.waits(2s);

  SUBCASE("by an error") {
    c.answers_to(1, discover_result);
    c.refuses_to(2, error_code::method_not_found);
  }
  SUBCASE("by an error that overtakes") {
    c.refuses_to(2, error_code::method_not_found);
    CHECK(c.events.empty());
    c.answers_to(1, discover_result);
  }
  SUBCASE("by silence") {
    c.answers_to(1, discover_result);
    c.waits(2s);
  }

  CHECK(c.client.identity().era == Era::modern);
  CHECK(c.client.identity().name == "new");
  CHECK(c.count<HandshakeCompleted>() == 1);
  CHECK(c.methods == Methods{"server/discover", "initialize", "tools/list"});
}

TEST_CASE("an answer to server/discover after the handshake changes nothing") {
  Conversation c;
  c.waits(2s);
  c.answers_to(2, legacy_result);

  c.answers_to(1, discover_result);

  CHECK(c.receipt == Receipt::unclaimed);
  CHECK(c.client.identity().era == Era::legacy);
  CHECK(c.count<HandshakeCompleted>() == 1);
}

TEST_CASE("a second answer to the same request changes nothing") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers_to(2, legacy_result);

  c.answers_to(2, R"({"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{}})");

  CHECK(c.receipt == Receipt::unclaimed);
  CHECK(c.client.identity().protocol_version == "2025-11-25");
}

TEST_CASE("every legacy revision that a server may answer is accepted") {
  for (const std::string revision :
       {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"}) {
    Conversation c;
    c.refuses(error_code::method_not_found);
    c.answers(R"({"protocolVersion":")" + revision + R"(","capabilities":{}})");
    CHECK(c.client.is_ready());
    CHECK(c.client.identity().protocol_version == revision);
  }
}

TEST_CASE("a revision that we do not know is an error that names it") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers(R"({"protocolVersion":"1999-12-31","capabilities":{}})");
  CHECK(c.last<HandshakeFailed>().why ==
        "cannot initialize: server answered protocol revision 1999-12-31, "
        "which mcpctl does not speak after initialize");
  CHECK_FALSE(c.client.is_ready());
}

TEST_CASE("a server that refuses both is told with its own words") {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.refuses(-32603);
  CHECK(c.last<HandshakeFailed>().why == "cannot initialize: error -32603: no");
  CHECK_FALSE(c.client.skip_discover_next_time());
}

TEST_CASE("a server that was legacy last time is greeted with initialize") {
  Conversation c{{.skip_discover = true}};
  CHECK(c.methods == Methods{"initialize"});

  c.answers(legacy_result);

  CHECK(c.client.is_ready());
  CHECK(c.client.skip_discover_next_time());
}

TEST_CASE("a server that has become modern since last time is found out") {
  Conversation c{{.skip_discover = true}};

  c.refuses(error_code::method_not_found);
  CHECK(c.methods == Methods{"initialize", "server/discover"});
  c.answers(discover_result);

  CHECK(c.client.identity().era == Era::modern);
}

TEST_CASE("a server greeted with initialize that refuses everything fails, by error or silence") {
  Conversation c{{.skip_discover = true}};
  c.refuses(-32603);
  SUBCASE("error") { c.refuses(-32601); }
  SUBCASE("silence") { c.waits(2s); }
  CHECK(c.last<HandshakeFailed>().why == "cannot initialize: error -32603: no");
}

TEST_CASE("a server that dies on server/discover is greeted with initialize next time") {
  Conversation c;
  CHECK(c.client.skip_discover_next_time());
}

TEST_CASE("a transport that cannot deliver counts as a refusal") {
  Conversation c;
  c.client.request_failed(1, "HTTP 404", c.now);
  c.drain();
  CHECK(c.methods == Methods{"server/discover", "initialize"});

  c.client.request_failed(2, "connection refused", c.now);
  c.drain();
  CHECK(c.last<HandshakeFailed>().why == "cannot initialize: connection refused");
}

TEST_CASE("a question that found no connection says nothing of the server's era") {
  Conversation c;
  c.client.request_failed(1, "connection refused", c.now, true);
  c.drain();

  CHECK(c.methods == Methods{"server/discover"});
  CHECK(c.last<HandshakeFailed>().why == "cannot initialize: connection refused");
}

TEST_CASE("our own suspension does not make a server late") {
  Conversation c;
  c.client.paused(60s);
  c.now = c.now + 60s;

  c.client.poll(c.now);
  c.drain();

  c.waits(1'999ms);
  CHECK(c.methods == Methods{"server/discover"});
  c.waits(1ms);
  CHECK(c.methods == Methods{"server/discover", "initialize"});
}

TEST_CASE("a server of one client is told of that client, and asks it what it may be asked") {
  const Introduction client{R"({"name":"ann","version":"1"})", "{}"};
  Conversation c{{.skip_discover = true, .client_of_its_own = &client}};

  CHECK(c.sent.back().find(R"("capabilities":{},"clientInfo":{"name":"ann","version":"1"}})") !=
        std::string::npos);
  c.says(R"({"jsonrpc":"2.0","id":7,"method":"roots/list"})");
  CHECK(c.receipt == Receipt::unclaimed);
}

}  // namespace
}  // namespace mcpctl::mcp
