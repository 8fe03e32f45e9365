#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mcp/client.h"
#include "tests/unit/mcp/conversation.h"

namespace mcpctl::mcp {
namespace {

TEST_CASE("a probe is answered with its round trip") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  CHECK(c.methods == Methods{"ping"});

  c.waits(30ms);
  c.answers("{}");

  CHECK(c.last<ProbeAnswered>().probe == Probe::ping);
  CHECK(c.last<ProbeAnswered>().round_trip == 30ms);
  CHECK_FALSE(c.client.next_deadline().has_value());
}

TEST_CASE("an error answers a probe as well as a result") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  c.refuses(error_code::method_not_found);
  CHECK(c.count<ProbeAnswered>() == 1);
}

TEST_CASE("a probe without an answer fails in time") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::tools_list, 5s, c.now));
  c.waits(5s);
  CHECK(c.last<ProbeFailed>().why == "no answer in time");
  CHECK(c.last<ProbeFailed>().probe == Probe::tools_list);
}

TEST_CASE("a ping becomes server/discover on a modern server, and the other way round") {
  Conversation c = modern();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  CHECK(c.methods == Methods{"server/discover"});

  Conversation old = legacy();
  REQUIRE(old.client.probe(Probe::discover, 5s, old.now));
  old.drain();
  CHECK(old.methods == Methods{"ping"});
}

TEST_CASE("only one probe flies at a time, and none before the handshake") {
  Conversation c;
  CHECK_FALSE(c.client.probe(Probe::ping, 5s, c.now));

  Conversation ready = legacy();
  CHECK(ready.client.probe(Probe::ping, 5s, ready.now));
  CHECK_FALSE(ready.client.probe(Probe::ping, 5s, ready.now));
}

TEST_CASE("a server that answers tools/list but no ping is asked for tools/list from then on") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.waits(5s);
  REQUIRE(c.client.probe(Probe::tools_list, 5s, c.now));
  c.drain();
  c.answers(tools_result({"echo"}));
  CHECK(c.client.ping_unanswered());
  c.methods.clear();

  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();

  CHECK(c.methods == Methods{"tools/list"});
}

TEST_CASE("a ping answered late shows that pings work here") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  const std::uint64_t ping = c.last_id;
  c.waits(5s);
  REQUIRE(c.client.probe(Probe::tools_list, 5s, c.now));
  c.drain();

  c.answers_to(ping, "{}");
  c.answers(tools_result({"echo"}));

  CHECK_FALSE(c.client.ping_unanswered());
}

TEST_CASE("an abandoned probe ends without a word") {
  Conversation c = legacy();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  c.client.abandon_probe();
  c.answers("{}");
  c.waits(1min);
  CHECK(c.events.empty());
}

TEST_CASE("ids taken for others never meet our own") {
  Conversation c = legacy();
  const std::uint64_t theirs = c.client.take_id();
  REQUIRE(c.client.probe(Probe::ping, 5s, c.now));
  c.drain();
  CHECK(c.last_id > theirs);
}

}  // namespace
}  // namespace mcpctl::mcp
