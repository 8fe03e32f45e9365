// Clients of the door's backend, and what they hear, for tests.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/backend.h"
#include "relay/request.h"

namespace mcpctl::gateway::testing {

inline relay::Request request(std::string text) {
  auto read = relay::read_request(std::move(text));
  REQUIRE(read.has_value());
  return std::move(*read);
}

/// One call and what came of it.
struct Asked final : CallSink {
  void on_message(std::string_view text) noexcept override { messages.emplace_back(text); }
  void on_response(std::string text) noexcept override {
    CHECK_FALSE(response.has_value());
    response = std::move(text);
  }
  bool holds(std::string_view part) const {
    return response && response->find(part) != std::string::npos;
  }

  std::vector<std::string> messages;
  std::optional<std::string> response;
  std::unique_ptr<Call> call;
};

struct Client final : DownstreamSink {
  Client(Backend& backend, std::string_view target, mcp::Era era = mcp::Era::legacy) {
    relay::Asker asker;
    asker.era = era;
    asker.revision = era == mcp::Era::legacy ? mcp::newest_legacy : mcp::newest_modern;
    asker.capabilities = "{}";
    downstream = backend.connect(target, std::move(asker), *this);
  }
  Client(Backend& backend, std::string_view target, relay::Asker asker) {
    downstream = backend.connect(target, std::move(asker), *this);
  }
  /// A session that says more of itself.
  Client(Backend& backend, std::string_view target, std::string info, std::string capabilities) {
    relay::Asker asker;
    asker.era = mcp::Era::legacy;
    asker.revision = mcp::newest_legacy;
    asker.info = std::move(info);
    asker.capabilities = std::move(capabilities);
    downstream = backend.connect(target, std::move(asker), *this);
  }
  void on_message(std::string_view text) noexcept override { messages.emplace_back(text); }

  std::unique_ptr<Asked> asks(std::string text) {
    auto asked = std::make_unique<Asked>();
    asked->call = downstream->call(request(std::move(text)), *asked);
    CHECK_FALSE(asked->response.has_value());
    return asked;
  }
  /// `id` raw, `arguments` a raw object.
  std::unique_ptr<Asked> calls(const std::string& id, const std::string& tool,
                               const std::string& arguments) {
    return asks(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/call","params":{"name":")" +
                tool + R"(","arguments":)" + arguments + "}}");
  }
  std::unique_ptr<Asked> lists(const std::string& id) {
    return asks(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/list"})");
  }

  std::vector<std::string> messages;
  std::unique_ptr<Downstream> downstream;
};

}  // namespace mcpctl::gateway::testing
