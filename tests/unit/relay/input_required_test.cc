// A server that needs input before it can answer (MCP 2026-07-28, multi round-trip
// requests), in every pairing of the eras.
#include <doctest/doctest.h>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using mcp::Era;

const std::string_view name_form = R"({"message":"Name?","requestedSchema":{"n":1.0}})";

std::string input_required(std::string_view id, std::string_view requests, std::string_view state) {
  return result_text(id, R"({"resultType":"input_required","inputRequests":{)" +
                             std::string{requests} + R"(},"requestState":)" + std::string{state} +
                             '}');
}

TEST_CASE("a modern pair settles it between themselves, byte by byte") {
  Talk talk{Era::modern};
  const Asker client = modern_client(1, all_capabilities);
  const CallId first = talk.calls(client, "1", "tools/call", R"({"name":"a"})");
  const std::string wants =
      R"({"resultType":"input_required","requestState":"st\u0061te \ud83d\ude00"})";
  talk.server_answers(wants);
  CHECK(talk.answer_to(first) == result_text(1, wants));

  const std::string retry =
      R"({"name":"a","inputResponses":{"k":1.0},"requestState":"st\u0061te \ud83d\ude00"})";
  const CallId second = talk.calls(client, "2", "tools/call", retry);
  CHECK(talk.last_sent() == request_text("102", "tools/call", retry));
  talk.server_answers("{}");
  CHECK(talk.last_messages(second) == 1);
}

struct Parked {
  Talk talk{Era::legacy};
  Asker client = modern_client(1, all_capabilities);
  CallId first =
      talk.calls(client, "1", "tools/call", R"({"name":"a","_meta":{"progressToken":"p"}})");

  void asks(std::string_view id = "\"s\"") {
    talk.server_says(request_text(id, "elicitation/create", name_form));
  }
  CallId retries(std::string_view id, std::string_view answers, std::string_view token) {
    return talk.calls(client, id, "tools/call",
                      R"({"name":"a","_meta":{"progressToken":"q"},"inputResponses":{)" +
                          std::string{answers} + R"(},"requestState":")" + std::string{token} +
                          R"("})");
  }
};

const std::string question =
    R"({"method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"n":1.0}}})";

TEST_CASE("a legacy server's question ends a modern client's request, and its retry goes on") {
  Parked p;
  p.asks();
  CHECK(p.talk.got(p.first) ==
        Texts{input_required("1", R"("ask-901":)" + question, R"("token-1")")});
  CHECK(p.talk.to_clients.back().is_last);
  CHECK(p.talk.link.in_flight() == 0);

  const CallId second = p.retries("2", R"("ask-901":{"action":"accept"})", "token-1");
  CHECK(p.talk.last_sent() == result_text("\"s\"", R"({"action":"accept"})"));
  CHECK(p.talk.link.in_flight() == 1);

  p.talk.server_says(
      notification_text("notifications/progress", R"({"progressToken":101,"progress":1})"));
  CHECK(p.talk.got(second) == Texts{notification_text("notifications/progress",
                                                      R"({"progressToken":"q","progress":1})")});
  p.talk.server_answers(101, R"({"resultType":"complete"})");
  CHECK(p.talk.last_messages(second) == 1);
  CHECK(p.talk.link.in_flight() == 0);
}

TEST_CASE("a retry without an answer is asked again, under a new state") {
  Parked p;
  p.asks();
  const CallId second = p.retries("2", "", "token-1");
  CHECK(p.talk.answer_to(second) ==
        input_required("2", R"("ask-901":)" + question, R"("token-2")"));
  const CallId stale = p.retries("3", "", "token-1");
  CHECK(p.talk.answer_to(stale).find("-32602") != std::string::npos);
}

TEST_CASE("a question that comes while the call is parked is put at the next retry") {
  Parked p;
  p.asks("1");
  p.asks("2");
  const CallId second = p.retries("2", R"("ask-901":{"action":"decline"})", "token-1");
  CHECK(p.talk.last_sent() == result_text(1, R"({"action":"decline"})"));
  CHECK(p.talk.answer_to(second) ==
        input_required("2", R"("ask-902":)" + question, R"("token-2")"));
}

TEST_CASE("an answer that came while the call was parked waits for the retry") {
  Parked p;
  p.asks();
  p.talk.server_answers(101, R"({"resultType":"complete","late":1})");
  CHECK(p.talk.to_clients.size() == 1);
  const CallId second = p.retries("2", R"("ask-901":{"action":"accept"})", "token-1");
  CHECK(p.talk.answer_to(second).find(R"("late":1)") != std::string::npos);
  CHECK(p.talk.last_messages(second) == 1);
}

TEST_CASE("a call that is never continued is given up at the server too") {
  Parked p;
  p.asks();
  p.talk.link.expire("token-1");
  p.talk.drain();
  CHECK(p.talk.sent[1].find(R"("id":"s","error")") != std::string::npos);
  CHECK(p.talk.last_sent().find("notifications/cancelled") != std::string::npos);
  CHECK(p.talk.answer_to(p.retries("2", "", "token-1")).find("-32602") != std::string::npos);
}

TEST_CASE("clients that never go on cost a bounded number of requests") {
  Talk talk{Era::legacy};
  const Asker client = modern_client(1, all_capabilities);
  for (int i = 0; i < 65; ++i) {
    const CallId call = talk.calls(client, "1", "tools/call", R"({"name":"a"})");
    talk.server_says(request_text(std::to_string(i), "elicitation/create", name_form), call);
  }
  CHECK(talk.last_sent() ==
        notification_text("notifications/cancelled",
                          R"({"requestId":101,"reason":"too many wait for their clients"})"));
  const CallId second =
      talk.calls(client, "2", "tools/call",
                 R"({"name":"a","inputResponses":{"ask-902":{}},"requestState":"token-2"})");
  CHECK(talk.last_sent() == result_text("1", "{}"));
  CHECK(talk.link.in_flight() == 1);
  CHECK(talk.got(second).empty());
}

TEST_CASE("only the token continues a call, and only for the same method") {
  Parked p;
  p.asks();
  CHECK(p.talk.answer_to(p.retries("2", "", "guess")).find("-32602") != std::string::npos);
  const CallId other =
      p.talk.calls(p.client, "3", "prompts/get", R"({"name":"a","requestState":"token-1"})");
  CHECK(p.talk.answer_to(other).find("-32602") != std::string::npos);
  CHECK(p.talk.sent.size() == 1);
}

TEST_CASE("only who made a call continues it, though another had its token") {
  Asker owner = modern_client(1, all_capabilities);
  owner.principal = {1};
  Parked p{.client = owner};
  p.asks();

  Asker thief = owner;
  thief.principal = {2};
  const std::string retry = R"({"name":"a","inputResponses":{"ask-901":{"action":"accept"}},)"
                            R"("requestState":"token-1"})";
  const CallId stolen = p.talk.calls(thief, "2", "tools/call", retry);
  CHECK(p.talk.answer_to(stolen).find("-32602") != std::string::npos);
  CHECK(p.talk.sent.size() == 1);

  p.talk.calls(p.client, "3", "tools/call", retry);
  CHECK(p.talk.last_sent() == result_text("\"s\"", R"({"action":"accept"})"));
}

TEST_CASE("a parked call dies with its server, and its retry is told to start over") {
  Parked p;
  p.asks();
  p.talk.server_dies();
  CHECK(p.talk.to_clients.size() == 1);
  CHECK(p.talk.last_messages(p.retries("2", "", "token-1")) == 1);
}

struct Rounds {
  Talk talk{Era::modern};
  Asker client = legacy_client(1, all_capabilities);
  CallId call =
      talk.calls(client, "\"c\"", "tools/call", R"({"name":"a","_meta":{"progressToken":"p"}})");

  void wants(std::string_view requests, std::string_view state = R"("st\u0061te")") {
    talk.server_says(input_required(std::to_string(talk.last_id), requests, state));
  }
};

TEST_CASE("a modern server's input is asked of a legacy client, and the request sent again") {
  Rounds r;
  r.wants(R"("b":)" + question + R"(,"\u0061":{"method":"roots/list"})");
  CHECK(r.talk.got(r.call) == Texts{request_text("901", "elicitation/create", name_form),
                                    request_text("902", "roots/list")});

  r.talk.answers(r.call, result_text(902, R"({"roots":[]})"));
  CHECK(r.talk.sent.size() == 1);
  r.talk.answers(r.call, result_text(901, R"({"action":"accept","content":{"n":1.0}})"));

  CHECK(r.talk.last_id == 102);
  CHECK(r.talk.last_sent().starts_with(
      R"({"jsonrpc":"2.0","id":102,"method":"tools/call","params":{"inputResponses":)"
      R"({"b":{"action":"accept","content":{"n":1.0}},"\u0061":{"roots":[]}},)"
      R"("requestState":"st\u0061te","name":"a","_meta":{)"));
  CHECK(r.talk.last_sent().find(R"("progressToken":102)") != std::string::npos);

  r.talk.server_says(
      notification_text("notifications/progress", R"({"progressToken":102,"progress":1})"));
  r.talk.server_answers(102, R"({"resultType":"complete"})");
  CHECK(r.talk.answer_to(r.call) == result_text("\"c\"", R"({"resultType":"complete"})"));
  CHECK(r.talk.last_messages(r.call) == 1);
}

TEST_CASE("a server that needs no input but time is asked again at once, though not for good") {
  Rounds r;
  for (int i = 0; i < 32; ++i)
    r.talk.server_says(
        result_text(r.talk.last_id, R"({"resultType":"input_required","requestState":"more"})"));
  CHECK(r.talk.sent.size() == 33);
  CHECK(r.talk.last_messages(r.call) == 0);
  r.talk.server_says(
      result_text(r.talk.last_id, R"({"resultType":"input_required","requestState":"more"})"));
  CHECK(r.talk.last_messages(r.call) == 1);
  CHECK(r.talk.link.in_flight() == 0);
}

TEST_CASE("what the legacy client did not declare is not asked of it; its call fails") {
  Talk talk{Era::modern};
  const CallId call = talk.calls(legacy_client(1), "1", "tools/call", R"({"name":"a"})");
  talk.server_says(input_required("101", R"("k":{"method":"sampling/createMessage"})", "\"s\""));
  CHECK(talk.to_clients.size() == 1);
  CHECK(talk.answer_to(call).find("-32603") != std::string::npos);
}

TEST_CASE("a refused elicitation is an answer, any other refusal ends the call") {
  Rounds r;
  const auto refuses = [](int id) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
           R"(,"error":{"code":-1,"message":"no"}})";
  };
  r.wants(R"("k":)" + question);
  r.talk.answers(r.call, refuses(901));
  CHECK(r.talk.last_sent().find(R"("k":{"action":"cancel"})") != std::string::npos);

  r.wants(R"("k":{"method":"sampling/createMessage","params":{}})");
  r.talk.answers(r.call, refuses(902));
  CHECK(r.talk.last_messages(r.call) == 1);
  CHECK(r.talk.answer_to(r.call).find("-32603") != std::string::npos);
}

TEST_CASE("a cancellation while the client is asked reaches no server that has long answered") {
  Rounds r;
  r.wants(R"("k":)" + question);
  r.talk.cancels(r.call);
  CHECK(r.talk.sent.size() == 1);
  CHECK(r.talk.link.in_flight() == 0);
  r.talk.answers(r.call, result_text(901, "{}"));
  CHECK(r.talk.sent.size() == 1);
}

}  // namespace
}  // namespace mcpctl::relay
