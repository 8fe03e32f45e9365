// How long a request may take: signs of life, questions to the user, and the absolute end.
#include <doctest/doctest.h>

#include "behind.h"
#include "tests/unit/turning.h"
#include "text.h"

using namespace mcpctl;
using namespace mcpctl::gateway;
using namespace mcpctl::gateway::testing;
using mcpctl::testing::turn_for;

namespace {

/// A legacy server in a shell.  `steps` tells of progress all 50 ms, so many times as its
/// argument says, and then answers; `ask` asks the user first.
config::Server slow() {
  config::Server server = scripted("slow", R"sh(
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
tell() { printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,'\
'"progress":%s}}\n' "$token" "$1"; }
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  token=${line#*'"progressToken":'}; token=${token%%[,\}]*}
  case $line in
    *'"notifications/'*) ;;
    *'"initialize"'*) answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},'\
'"serverInfo":{"name":"slow","version":"1"}}' ;;
    *'"ping"'*) answer '{}' ;;
    *'"tools/list"'*) answer '{"tools":[]}' ;;
    *'"steps"'*) n=${line#*'"n":'}; n=${n%%[,\}]*}; i=0
      while [ $i -lt "$n" ]; do i=$((i + 1)); tell $i; sleep 0.05; done
      answer '{"content":[],"said":"all steps"}' ;;
    *'"ask"'*)
      printf '{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"mode":"form",'\
'"message":"?","requestedSchema":{"type":"object","properties":{}}}}\n'
      read -r given; answer '{"content":[],"said":"heard"}' ;;
    *) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"?"}}\n' "$id" ;;
  esac
done)sh");
  server.request_timeout = Duration{400};
  return server;
}

std::unique_ptr<Asked> takes_steps(Client& client, int count) {
  return client.asks(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps",)"
                     R"("arguments":{"n":)" +
                     std::to_string(count) + R"(},"_meta":{"progressToken":"p"}}})");
}

}  // namespace

TEST_CASE("progress starts the time of a request anew") {
  Behind behind{{slow()}};
  behind.start("slow");
  {
    Client client{*behind.upstreams, "slow"};
    const auto asked = takes_steps(client, 12);  // 600 ms in all

    REQUIRE(behind.answered(*asked));
    CHECK(asked->holds("all steps"));
    CHECK(asked->messages.size() == 12);
  }
  behind.fleet.stop_and_check();
}

TEST_CASE("whatever the progress, a request has an end") {
  config::Server server = slow();
  server.request_timeout_max = Duration{600};
  Behind behind{{server}};
  behind.start("slow");
  {
    Client client{*behind.upstreams, "slow"};
    const auto asked = takes_steps(client, 1000);

    REQUIRE(behind.answered(*asked));
    CHECK(asked->holds("-32001"));
    CHECK(asked->holds("has not come to an end in time"));
    CHECK(asked->messages.size() >= 2);
  }
  behind.upstreams.reset();
  behind.fleet.stop_and_check();
}

TEST_CASE("while the user ponders a question, the server is not late") {
  Behind behind{{slow()}};
  behind.start("slow");
  {
    Client client{*behind.upstreams, "slow", R"({"name":"c","version":"1"})",
                  R"({"elicitation":{"form":{}}})"};
    const auto asked = client.calls("1", "ask", "{}");
    REQUIRE(behind.fleet.until([&] { return !asked->messages.empty(); }));

    turn_for(behind.fleet.loop(), Duration{800});
    CHECK_FALSE(asked->response.has_value());
    const auto question = request(asked->messages[0]);
    const std::string id{question.envelope.id.in(question.text)};
    client.downstream->answer(
        request(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"action":"accept"}})"));

    REQUIRE(behind.answered(*asked));
    CHECK(asked->holds("heard"));
  }
  behind.fleet.stop_and_check();
}
