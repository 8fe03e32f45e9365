// What the tests of relay::Link speak: one server at the other end, played by the
// test, and clients that call through the Link.
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mcp/raw.h"
#include "relay/link.h"

namespace mcpctl::relay {

inline const std::string all_capabilities =
    R"({"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}})";

inline ServerProfile server_of(mcp::Era era) {
  return {.era = era,
          .revision = era == mcp::Era::modern ? mcp::newest_modern : mcp::newest_legacy,
          .server_info = R"({"name":"s","version":"1"})",
          .capabilities = R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
                          R"("resources":{"subscribe":true,"listChanged":true},"logging":{}})"};
}

inline Asker legacy_client(std::uint64_t id, std::string capabilities = "{}") {
  return {.downstream = {id},
          .era = mcp::Era::legacy,
          .revision = mcp::newest_legacy,
          .info = R"({"name":"old","version":"1"})",
          .capabilities = std::move(capabilities)};
}

inline Asker modern_client(std::uint64_t id, std::string capabilities = "{}") {
  return {.downstream = {id},
          .era = mcp::Era::modern,
          .revision = mcp::newest_modern,
          .info = R"({"name":"new","version":"1"})",
          .capabilities = std::move(capabilities)};
}

inline Request message(std::string text) {
  auto request = read_request(std::move(text));
  REQUIRE(request.has_value());
  return std::move(*request);
}

/// A request whose params are a raw object, or absent.
inline std::string request_text(std::string_view id, std::string_view method,
                                std::string_view params = {}) {
  std::string text = R"({"jsonrpc":"2.0","id":)" + std::string{id};
  text += R"(,"method":")" + std::string{method} + '"';
  if (!params.empty()) text += R"(,"params":)" + std::string{params};
  return text + '}';
}

inline std::string result_text(std::uint64_t id, std::string_view result) {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + std::string{result} +
         '}';
}

inline std::string result_text(std::string_view raw_id, std::string_view result) {
  return R"({"jsonrpc":"2.0","id":)" + std::string{raw_id} + R"(,"result":)" + std::string{result} +
         '}';
}

inline std::string notification_text(std::string_view method, std::string_view params = {}) {
  std::string text = R"({"jsonrpc":"2.0","method":")" + std::string{method} + '"';
  if (!params.empty()) text += R"(,"params":)" + std::string{params};
  return text + '}';
}

/// One conversation with one server.
class Talk {
 public:
  explicit Talk(mcp::Era era) : Talk(Link::Options{.server = server_of(era)}) {}
  explicit Talk(Link::Options options) : link(with_sources(std::move(options)), interests) {
    drain();
  }

  /// The client calls; gives the number of the call.
  CallId calls(const Asker& client, std::string text) {
    const CallId call{++last_call_};
    link.call(call, client, message(std::move(text)));
    drain();
    return call;
  }
  CallId calls(const Asker& client, std::string_view id, std::string_view method,
               std::string_view params = {}) {
    return calls(client, request_text(id, method, params));
  }

  void cancels(CallId call, std::string_view reason = {}) {
    link.cancel(call, reason);
    drain();
  }
  void answers(CallId about, std::string text) {
    link.answer(about, message(std::move(text)));
    drain();
  }

  void server_says(std::string_view text, CallId about = {}) {
    const auto envelope = mcp::scan(text);
    REQUIRE(envelope.has_value());
    link.receive(text, *envelope, about);
    drain();
  }
  void server_answers(std::uint64_t id, std::string_view result) {
    server_says(result_text(id, result));
  }
  /// What the server answers to the last request it got.
  void server_answers(std::string_view result) { server_answers(last_id, result); }
  void server_refuses(std::uint64_t id, int code) {
    server_says(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"error":{"code":)" +
                std::to_string(code) + R"(,"message":"no"}})");
  }
  void server_dies() {
    link.closed("killed by SIGKILL");
    drain();
  }

  /// What a client got on one call, or (CallId 0) beyond its calls.
  std::vector<std::string> got(CallId call) const {
    std::vector<std::string> texts;
    for (const ToClient& each : to_clients) {
      if (each.call == call) texts.push_back(each.text);
    }
    return texts;
  }
  std::vector<std::string> got_by(const Asker& client) const {
    std::vector<std::string> texts;
    for (const ToClient& each : to_clients) {
      if (each.downstream == client.downstream) texts.push_back(each.text);
    }
    return texts;
  }
  std::size_t last_messages(CallId call) const {
    std::size_t n = 0;
    for (const ToClient& each : to_clients) n += each.call == call && each.is_last ? 1 : 0;
    return n;
  }
  /// Its final answer.
  std::string answer_to(CallId call) const {
    for (const ToClient& each : to_clients) {
      if (each.call == call && each.is_last) return each.text;
    }
    return "none";
  }
  std::string last_sent() const { return sent.empty() ? "nothing" : sent.back(); }

  void drain() {
    for (Output& output : link.take_outputs()) {
      if (auto* out = std::get_if<ToServer>(&output)) {
        REQUIRE(mcp::scan(out->text).has_value());
        if (out->id != 0) last_id = out->id;
        sent.push_back(out->text);
        to_server.push_back(std::move(*out));
      } else if (auto* in = std::get_if<ToClient>(&output)) {
        REQUIRE(mcp::scan(in->text).has_value());
        to_clients.push_back(std::move(*in));
      } else if (std::holds_alternative<Missed>(output)) {
        ++missed;
      } else {
        for (ToClient& each : interests.deliver(std::get<Heard>(output))) {
          REQUIRE(mcp::scan(each.text).has_value());
          to_clients.push_back(std::move(each));
        }
      }
    }
  }

  Interests interests;
  Link link;
  std::vector<std::string> sent;
  std::vector<ToServer> to_server;
  std::vector<ToClient> to_clients;
  std::uint64_t last_id{0};
  std::uint64_t last_token{0};
  unsigned missed{0};  ///< times that the server's news went unheard

 private:
  Link::Options with_sources(Link::Options options) {
    options.take_id = [this] { return ++ids_; };
    options.take_ask_id = [this] { return ++ask_ids_; };
    options.make_token = [this] { return "token-" + std::to_string(++last_token); };
    return options;
  }

  std::uint64_t ids_{100};
  std::uint64_t ask_ids_{900};
  std::uint64_t last_call_{0};
};

using Texts = std::vector<std::string>;

}  // namespace mcpctl::relay
