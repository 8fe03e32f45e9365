// What the tests of mcp::Client speak: a server at the other end, played by the
// test, and a clock that moves when the test waits.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mcp/client.h"

namespace mcpctl::mcp {
using namespace std::chrono_literals;

/// One server at the other end, played by the test.
class Conversation {
 public:
  explicit Conversation(Client::Options options = {}) : client{options} {
    client.begin(now);
    drain();
  }

  void says(std::string_view message) {
    receipt = client.receive(message, now);
    drain();
  }
  /// A result for the last request sent.
  void answers(std::string_view result) { answers_to(last_id, result); }
  void answers_to(std::uint64_t id, std::string_view result) {
    says(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + std::string{result} +
         "}");
  }
  void refuses(int code, std::string_view data = "null") { refuses_to(last_id, code, data); }
  void refuses_to(std::uint64_t id, int code, std::string_view data = "null") {
    says(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"error":{"code":)" +
         std::to_string(code) + R"(,"message":"no","data":)" + std::string{data} + "}}");
  }
  /// Time passes; deadlines fire when they are due.
  void waits(Duration duration) {
    const Instant end = now + duration;
    while (client.next_deadline() && *client.next_deadline() <= end) {
      now = std::max(now, *client.next_deadline());
      client.poll(now, unread);
      ++polls;
      drain();
    }
    now = end;
  }

  void drain() {
    for (Output& output : client.take_outputs()) {
      if (auto* send = std::get_if<Send>(&output)) {
        sent.push_back(send->text);
        methods.emplace_back(send->method);
        if (send->id != 0) last_id = send->id;
      } else {
        events.push_back(std::move(output));
      }
    }
  }

  template <typename Event>
  std::size_t count() const {
    std::size_t n = 0;
    for (const Output& event : events) n += std::holds_alternative<Event>(event) ? 1 : 0;
    return n;
  }
  template <typename Event>
  const Event& last() const {
    const Event* found = nullptr;
    for (const Output& event : events) {
      if (const auto* e = std::get_if<Event>(&event)) found = e;
    }
    REQUIRE(found != nullptr);
    return *found;
  }

  Client client;
  Instant now{1h};
  std::vector<std::string> sent;
  std::vector<std::string> methods;
  std::vector<Output> events;
  std::uint64_t last_id{0};
  bool unread{false};  ///< the server has not read what was sent
  unsigned polls{0};   ///< deadlines that were due
  Receipt receipt{};
};

using Methods = std::vector<std::string>;

inline const std::string legacy_result =
    R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},)"
    R"("serverInfo":{"name":"old","title":"Old One","version":"0.6.3"},)"
    R"("instructions":"caf\u00e9"})";
inline const std::string no_tools_result =
    R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"n","version":"1"}})";
inline const std::string discover_result =
    R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete",)"
    R"("ttlMs":0,"cacheScope":"private",)"
    R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"new","version":"1.2.3"}}})";
inline const std::string list_changed =
    R"({"method":"notifications/tools/list_changed","jsonrpc":"2.0"})";

inline std::string tools_result(const std::vector<std::string>& names,
                                std::string_view cursor = {}) {
  std::string result = R"({"tools":[)";
  for (const std::string& name : names) {
    if (!result.ends_with('[')) result += ',';
    result += R"({"name":")" + name + R"(","inputSchema":{"type":"object"}})";
  }
  result += ']';
  if (!cursor.empty()) result += R"(,"nextCursor":)" + std::string{cursor};
  return result + '}';
}

/// A legacy server after its handshake, with one tool.
inline Conversation legacy() {
  Conversation c;
  c.refuses(error_code::method_not_found);
  c.answers(legacy_result);
  c.answers(tools_result({"echo"}));
  c.sent.clear();
  c.methods.clear();
  c.events.clear();
  return c;
}

inline Conversation modern() {
  Conversation c;
  c.answers(discover_result);
  c.answers(tools_result({"echo"}));
  c.sent.clear();
  c.methods.clear();
  c.events.clear();
  return c;
}

}  // namespace mcpctl::mcp
