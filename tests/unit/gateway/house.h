// What the door's tests share: a door on a real loopback socket, a backend that does
// what the test says, and a client that sees what a client sees.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/door.h"
#include "http/client.h"
#include "mcp/raw.h"
#include "tests/unit/turning.h"
#include "text.h"

namespace mcpctl::gateway {

/// Keeps every call until the test answers it.
class FakeBackend final : public Backend {
 public:
  struct Client;
  struct Asked {
    Client* client;
    relay::Request request;
    CallSink* sink;
    bool is_alive{true};
    std::string cancelled{};  ///< the raw reason
    bool was_cancelled{false};

    std::string method() const {
      return *mcp::string_value(request.envelope.method.in(request.text));
    }
    std::string id() const { return std::string{request.envelope.id.in(request.text)}; }
    void respond(const std::string& result) const {
      sink->on_response(R"({"jsonrpc":"2.0","id":)" + id() + R"(,"result":)" + result + "}");
    }
    void fail(int code) const {
      sink->on_response(R"({"jsonrpc":"2.0","id":)" + id() + R"(,"error":{"code":)" +
                        std::to_string(code) + R"(,"message":"no"}})");
    }
  };
  struct Client {
    std::string server;
    relay::Asker asker;
    DownstreamSink* sink;
    bool is_alive{true};
    std::vector<std::string> notified{}, answered{}, levels{};
  };

  bool knows(std::string_view target) const override {
    return target.empty() || target == "math" || target == "weather";
  }
  void describe(std::string_view target, loop::Callback<Described> done) override {
    questions.push_back({std::string{target}, std::move(done)});
    if (is_prompt) loop->post([this] { describe_all(); });
  }
  std::unique_ptr<Downstream> connect(std::string_view target, relay::Asker asker,
                                      DownstreamSink& sink) override {
    clients.push_back({std::string{target}, std::move(asker), &sink});
    return std::make_unique<FakeDownstream>(*this, clients.back());
  }

  void describe_all() {
    auto waiting = std::exchange(questions, {});
    for (auto& [target, done] : waiting) done(profile);
  }

  loop::Loop* loop{nullptr};
  bool is_prompt{true};
  Described profile{relay::ServerProfile{mcp::Era::legacy, "2025-11-25",
                                         R"({"name":"fake","version":"1"})",
                                         R"({"tools":{},"logging":{}})", ""}};
  std::list<Client> clients;
  std::list<Asked> asked;
  std::vector<std::pair<std::string, loop::Callback<Described>>> questions;

 private:
  struct FakeCall final : Call {
    explicit FakeCall(Asked& which) : made(which) {}
    ~FakeCall() override { made.is_alive = false; }
    void cancel(std::string_view raw_reason) override {
      made.was_cancelled = true;
      made.cancelled = raw_reason;
    }
    Asked& made;
  };
  struct FakeDownstream final : Downstream {
    FakeDownstream(FakeBackend& owner, Client& which) : backend(owner), client(which) {}
    ~FakeDownstream() override { client.is_alive = false; }
    std::unique_ptr<Call> call(relay::Request&& request, CallSink& sink) override {
      backend.asked.push_back({&client, std::move(request), &sink});
      return std::make_unique<FakeCall>(backend.asked.back());
    }
    void notify(relay::Request message) override { client.notified.push_back(message.text); }
    void answer(relay::Request message) override { client.answered.push_back(message.text); }
    void set_log_level(std::string_view level) override { client.levels.emplace_back(level); }
    FakeBackend& backend;
    Client& client;
  };
};

/// One request as its client sees it.
struct Seen {
  int status{0};
  http::Headers headers;
  std::string body;
  std::vector<http::SseEvent> events;
  bool is_done{false};
  bool is_broken{false};
  http::Call call;

  std::string data(std::size_t index) const {
    return index < events.size() ? events[index].data : "";
  }
};

inline const http::Headers both{{"Content-Type", "application/json"},
                                {"Accept", "application/json, text/event-stream"}};

class House {
 public:
  explicit House(config::Gateway config = {}) : client(loop) {
    backend.loop = &loop;
    config.listen = "127.0.0.1:0";
    auto opened =
        Door::open(loop, {config, {}, [this](std::string_view line) { log.emplace_back(line); }});
    REQUIRE(opened);
    door = std::move(*opened);
    door->serve(backend);
  }
  ~House() {
    seen.clear();
    door->leave();
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  std::string base() const { return "http://" + door->address().text(); }

  /// Sends and does not wait.
  Seen& begin(std::string method, const std::string& path, std::string body,
              http::Headers headers = both) {
    seen.emplace_back();
    Seen& one = seen.back();
    http::Outgoing request{std::move(method), *http::parse_url(base() + path), std::move(headers),
                           std::move(body)};
    http::CallOptions options;
    options.total_timeout = Duration{0};
    http::CallCallbacks callbacks;
    callbacks.on_head = [&one](const http::Response& head) {
      one.status = head.status;
      one.headers = head.headers;
    };
    callbacks.on_event = [&one](const http::SseEvent& event) { one.events.push_back(event); };
    callbacks.on_done = [&one](Result<http::Response> done) {
      one.is_done = true;
      one.is_broken = !done;
      if (done) one.body = done->body;
    };
    one.call = client.send(std::move(request), options, std::move(callbacks));
    return one;
  }
  Seen& send(std::string method, const std::string& path, std::string body,
             http::Headers headers = both) {
    Seen& one = begin(std::move(method), path, std::move(body), std::move(headers));
    REQUIRE(until([&] { return one.is_done; }));
    return one;
  }
  Seen& post(const std::string& body, http::Headers headers = both) {
    return send("POST", "/mcp/math", body, std::move(headers));
  }

  bool until(const std::function<bool()>& condition) {
    return mcpctl::testing::turn_until(loop, condition);
  }
  /// Until the backend has been asked `count` things.
  FakeBackend::Asked& asked(std::size_t count = 1) {
    REQUIRE(until([&] { return backend.asked.size() >= count; }));
    return *std::next(backend.asked.begin(), static_cast<std::ptrdiff_t>(count) - 1);
  }

  /// A session of "math"; the headers of its later requests.
  http::Headers initialize(const std::string& revision = "2025-11-25", http::Headers extra = both) {
    const Seen& answer =
        post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":)"
             R"({"protocolVersion":")" +
                 revision + R"(","capabilities":{"roots":{}},"clientInfo":{"name":"c"}}})",
             extra);
    REQUIRE(answer.status == 200);
    http::Headers headers = extra;
    headers.set("Mcp-Session-Id", answer.headers.get("Mcp-Session-Id"));
    headers.set("MCP-Protocol-Version", revision);
    return headers;
  }

  loop::Loop loop;
  FakeBackend backend;
  std::unique_ptr<Door> door;
  http::Client client;
  std::list<Seen> seen;
  std::vector<std::string> log;
};

inline std::string request_text(const std::string& id, const std::string& method,
                                const std::string& params = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" + params +
         "}";
}

/// The bytes of a request to "math", for a client that sees the bytes of the answer.
inline std::string raw_request(std::string verb, const http::Headers& headers,
                               const std::string& body) {
  std::string text = std::move(verb) + " /mcp/math HTTP/1.1\r\nHost: localhost\r\n";
  for (const http::Header field : headers) {
    text += std::string{field.name} + ": " + std::string{field.value} + "\r\n";
  }
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The _meta of a modern request, and what stands before its other params.
inline const std::string meta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientCapabilities":{}})";

inline http::Headers modern(const std::string& method, const std::string& name = "") {
  http::Headers headers = both;
  headers.set("MCP-Protocol-Version", "2026-07-28");
  headers.set("Mcp-Method", method);
  if (!name.empty()) headers.set("Mcp-Name", name);
  return headers;
}

}  // namespace mcpctl::gateway
