#include "sdk/http.h"

#include <sys/random.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "http/sse.h"
#include "loop/signal.h"
#include "mcp/envelope.h"
#include "mcp/raw.h"
#include "mcp/version.h"
#include "sdk/http_rules.h"
#include "sdk/peer.h"

namespace sdk {

namespace http = mcpctl::http;
namespace loop = mcpctl::loop;
namespace mcp = mcpctl::mcp;

namespace {

/// One POST on its way to an answer: JSON, or an event stream once there is something
/// to say before the answer.
class Answering {
 public:
  explicit Answering(http::Exchange exchange) : exchange_(std::move(exchange)) {}
  /// A cancelled request has no answer: its stream ends without one.
  ~Answering() {
    if (!exchange_.is_open()) return;
    begin_stream();
    exchange_.finish();
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  http::Exchange& exchange() { return exchange_; }
  void add_header(std::string_view name, std::string_view value) { headers_.add(name, value); }

  void notify(std::string_view message) {
    begin_stream();
    exchange_.write(http::format_sse({}, "message", message));
  }

  void answer(std::string message, int status) {
    if (streaming_) {
      exchange_.write(http::format_sse({}, "message", message));
      exchange_.finish();
      return;
    }
    if (!message.empty()) headers_.set("Content-Type", "application/json");
    exchange_.respond({status, std::move(headers_), std::move(message)});
  }

 private:
  void begin_stream() {
    if (std::exchange(streaming_, true)) return;
    headers_.set("Content-Type", "text/event-stream");
    headers_.set("Cache-Control", "no-cache");
    headers_.set("X-Accel-Buffering", "no");
    exchange_.begin(200, std::move(headers_));
  }

  http::Exchange exchange_;
  http::Headers headers_;
  bool streaming_{false};
};

/// Shared, because both halves of the reply write to the one exchange and nobody knows
/// which is used last.
using SharedAnswer = std::shared_ptr<Answering>;

Reply reply_through(const SharedAnswer& answering) {
  return {.notify = [answering](std::string message) { answering->notify(message); },
          .answer = [answering](std::string message,
                                int status) { answering->answer(std::move(message), status); }};
}

void refuse(http::Exchange& exchange, const Refused& refused) {
  const Json body{{"jsonrpc", "2.0"},
                  {"id", nullptr},
                  {"error", {{"code", refused.code}, {"message", refused.message}}}};
  exchange.respond(refused.status, "application/json",
                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// 128 random bits, visible ASCII (MCP 2025-11-25, session management).
std::string new_session_id() {
  std::array<unsigned char, 16> bytes;
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  MCPCTL_ASSERT(got == static_cast<ssize_t>(bytes.size()));
  std::string id;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view hex = "0123456789abcdef";
    id += hex[byte >> 4];
    id += hex[byte & 15];
  }
  return id;
}

}  // namespace

struct HttpEndpoint::State {
  struct Session {
    explicit Session(Server& server) : peer(server) {}
    Peer peer;
    mcpctl::Instant used;
    std::optional<http::Exchange> stream;  ///< the client's GET, if it is open
  };

  State(Server& tools, loop::Loop& owner, HttpOptions chosen)
      : server(tools),
        loop(owner),
        options(std::move(chosen)),
        listener(owner, [this](http::Exchange exchange) { handle(std::move(exchange)); }) {}

  void handle(http::Exchange exchange) {
    const http::Request& request = exchange.request();
    if (const auto refused = check_origin(request)) return refuse(exchange, *refused);
    if (request.path != options.path) {
      return refuse(exchange, {404, -32000, "Not Found: the endpoint is " + options.path});
    }
    if (request.method == "POST") return post(std::move(exchange));
    const bool is_modern = request.headers.get("MCP-Protocol-Version") == mcp::newest_modern;
    if (!is_modern && request.method == "GET") return open_stream(std::move(exchange));
    if (!is_modern && request.method == "DELETE") return end_session(std::move(exchange));
    method_not_allowed(exchange, is_modern);
  }

  static void method_not_allowed(http::Exchange& exchange, bool is_modern) {
    exchange.respond({405, {{"Allow", is_modern ? "POST" : "POST, GET, DELETE"}}, {}});
  }

  void post(http::Exchange exchange) {
    const http::Request& request = exchange.request();
    if (const auto refused = check_media_types(request)) return refuse(exchange, *refused);
    const std::string body = exchange.take_body();
    const auto envelope = mcp::scan(body);
    const bool is_modern = request.headers.get("MCP-Protocol-Version") == mcp::newest_modern ||
                           (envelope && envelope->meta_protocol_version);
    if (!is_modern) return post_legacy(std::move(exchange), body, envelope ? &*envelope : nullptr);
    if (envelope && envelope->kind == mcp::Kind::request && envelope->meta_protocol_version) {
      if (const auto refused = check_modern_headers(request, *envelope, body)) {
        return refuse_request(exchange, *refused, envelope->id.in(body));
      }
    }
    post_modern(std::move(exchange), body);
  }

  /// As refuse(), but the error names the request.
  static void refuse_request(http::Exchange& exchange, const Refused& refused,
                             std::string_view raw_id) {
    const Json error{{"code", refused.code}, {"message", refused.message}};
    exchange.respond(refused.status, "application/json",
                     R"({"jsonrpc":"2.0","id":)" + std::string{raw_id} + R"(,"error":)" +
                         error.dump(-1, ' ', false, Json::error_handler_t::replace) + '}');
  }

  /// Every modern request stands alone: its peer lives as long as it does, and the
  /// client's leaving cancels it (MCP 2026-07-28, transports, cancellation).
  void post_modern(http::Exchange exchange, const std::string& body) {
    auto answering = std::make_shared<Answering>(std::move(exchange));
    auto owned = std::make_unique<Peer>(server);
    Peer* const peer = owned.get();
    stateless.emplace(peer, std::move(owned));
    const auto end = [this, peer] {
      const auto found = stateless.find(peer);
      if (found == stateless.end()) return;  // answered and left in the same turn
      // Not at once: this may be called from within the peer.
      loop.dispose(std::move(found->second));
      stateless.erase(found);
    };
    answering->exchange().on_disconnect(end);
    Reply reply = reply_through(answering);
    reply.answer = [answer = std::move(reply.answer), end](std::string message,
                                                           int status) mutable {
      answer(std::move(message), status);
      end();
    };
    peer->receive(body, std::move(reply));
  }

  void post_legacy(http::Exchange exchange, const std::string& body,
                   const mcp::Envelope* envelope) {
    const http::Request& request = exchange.request();
    if (const auto refused = check_legacy_version(request)) return refuse(exchange, *refused);
    const bool initializes = envelope != nullptr && envelope->kind == mcp::Kind::request &&
                             mcp::is_string(envelope->method.in(body), "initialize");
    if (envelope == nullptr) return post_modern(std::move(exchange), body);  // says what is wrong
    if (!initializes) {
      Session* session = session_of(exchange);
      if (session == nullptr) return;
      // A client that leaves does not cancel here (MCP 2025-11-25, transports): its
      // answer goes nowhere, that is all.
      return session->peer.receive(body,
                                   reply_through(std::make_shared<Answering>(std::move(exchange))));
    }
    make_room();
    const std::string id = new_session_id();
    Session& session = *sessions.emplace(id, std::make_unique<Session>(server)).first->second;
    session.used = loop.now();
    auto answering = std::make_shared<Answering>(std::move(exchange));
    answering->add_header("Mcp-Session-Id", id);
    session.peer.receive(body, reply_through(answering));
  }

  /// The session that the request names; null, and the request answered, if there is none.
  Session* session_of(http::Exchange& exchange) {
    const auto id = exchange.request().headers.find("Mcp-Session-Id");
    if (!id) {
      refuse(exchange, {400, -32000, "Bad Request: Mcp-Session-Id is missing; send initialize"});
      return nullptr;
    }
    const auto found = sessions.find(*id);
    if (found == sessions.end()) {
      refuse(exchange, {404, -32001, "Session not found"});
      return nullptr;
    }
    found->second->used = loop.now();
    return found->second.get();
  }

  void open_stream(http::Exchange exchange) {
    if (!exchange.request().headers.find("Mcp-Session-Id")) {
      return method_not_allowed(exchange, false);
    }
    Session* session = session_of(exchange);
    if (session == nullptr) return;
    if (session->stream && session->stream->is_open()) {
      return refuse(exchange, {409, -32000, "Conflict: this session has its stream"});
    }
    exchange.begin(200, {{"Content-Type", "text/event-stream"},
                         {"Cache-Control", "no-cache"},
                         {"X-Accel-Buffering", "no"}});
    exchange.write(": open\n\n");
    session->stream = std::move(exchange);
  }

  void end_session(http::Exchange exchange) {
    Session* session = session_of(exchange);
    if (session == nullptr) return;
    const std::string id{exchange.request().headers.get("Mcp-Session-Id")};
    if (session->stream) session->stream->finish();
    sessions.erase(id);
    exchange.respond({204, {}, {}});
  }

  /// Clients rarely say goodbye; whoever comes makes room.
  void make_room() {
    const mcpctl::Instant now = loop.now();
    std::erase_if(sessions, [&](const auto& entry) {
      return now - entry.second->used > options.session_idle;
    });
    while (sessions.size() >= options.max_sessions) {
      auto oldest = sessions.begin();
      for (auto it = sessions.begin(); it != sessions.end(); ++it) {
        if (it->second->used < oldest->second->used) oldest = it;
      }
      sessions.erase(oldest);
    }
  }

  Server& server;
  loop::Loop& loop;
  HttpOptions options;
  std::map<std::string, std::unique_ptr<Session>, std::less<>> sessions;
  std::map<const Peer*, std::unique_ptr<Peer>> stateless;  ///< modern requests under way
  http::Server listener;  ///< last, so it is gone before what its requests refer to
};

HttpEndpoint::HttpEndpoint(Server& server, loop::Loop& loop, HttpOptions options)
    : state_(std::make_unique<State>(server, loop, std::move(options))) {}

HttpEndpoint::~HttpEndpoint() = default;

mcpctl::Result<std::uint16_t> HttpEndpoint::listen(std::uint16_t port) {
  const auto listening = state_->listener.listen_tcp(*loop::Address::ip("127.0.0.1", port));
  if (!listening) return std::unexpected(listening.error());
  return state_->listener.address().port();
}

void HttpEndpoint::drain(mcpctl::Duration grace, loop::Callback<> done) {
  for (auto& [id, session] : state_->sessions) {
    if (session->stream) session->stream->finish();
  }
  state_->listener.drain(grace, std::move(done));
}

int serve_http(Server& server, loop::Loop& loop, std::uint16_t port, HttpOptions options) {
  loop::ignore_sigpipe();
  const std::string path = options.path;
  HttpEndpoint endpoint{server, loop, std::move(options)};
  const auto bound = endpoint.listen(port);
  if (!bound) {
    std::fprintf(stderr, "%s\n", bound.error().message.c_str());
    return 1;
  }
  std::fprintf(stderr, "%s listens on http://127.0.0.1:%u%s\n", server.info().name.c_str(),
               static_cast<unsigned>(*bound), path.c_str());
  const auto leave = [&](int) { endpoint.drain(mcpctl::Duration{1000}, [&] { loop.stop(); }); };
  auto terminated = loop::SignalWatch::open(loop, SIGTERM, leave);
  auto interrupted = loop::SignalWatch::open(loop, SIGINT, leave);
  loop.run();
  return terminated && interrupted ? 0 : 1;
}

}  // namespace sdk
