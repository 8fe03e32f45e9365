#include "http/client.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "http/client_pool.h"
#include "http/link.h"
#include "loop/connector.h"
#include "loop/resolver.h"
#include "loop/timer.h"

namespace mcpctl::http {

namespace {

bool has_control_character(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

/// The request's bytes, or what is wrong with it.  Never quotes a header's value.
Result<std::string> serialize(const Outgoing& request, bool keep_alive) {
  std::string text = request.method + " " + request.url.target + " HTTP/1.1\r\n";
  text += "Host: " + request.url.authority + "\r\n";
  for (const Header field : request.headers) {
    if (field.name.empty() || has_control_character(field.name) ||
        field.name.find_first_of(": \t") != std::string::npos) {
      return failure("a header has a malformed name");
    }
    if (has_control_character(field.value)) {
      return failure("the value of the header " + std::string{field.name} +
                     " holds a line end or another control character");
    }
    const bool ours = equal_ignoring_case(field.name, "Host") ||
                      equal_ignoring_case(field.name, "Connection") ||
                      equal_ignoring_case(field.name, "Content-Length") ||
                      equal_ignoring_case(field.name, "Transfer-Encoding");
    if (!ours) append_line(text, field);
  }
  const bool takes_body =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (takes_body || !request.body.empty()) {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  if (!keep_alive) text += "Connection: close\r\n";
  return text + "\r\n" + request.body;
}

/// May be sent twice without harm (RFC 9110 §9.2.2).
bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE";
}

}  // namespace

struct Call::State final : LinkHolder {
  State(loop::Loop& owner, std::weak_ptr<Client::Pool> from, Outgoing outgoing,
        CallOptions settings, CallCallbacks all)
      : loop(owner),
        pool(std::move(from)),
        request(std::move(outgoing)),
        options(settings),
        callbacks(std::move(all)),
        total(owner),
        step(owner),
        parser(settings.limits) {}

  loop::Loop& loop;
  std::weak_ptr<Client::Pool> pool;
  Outgoing request;
  CallOptions options;
  CallCallbacks callbacks;
  std::string wire;   // the request's bytes
  loop::Timer total;  // the whole call
  loop::Timer step;   // what is waited for now
  loop::Lookup lookup;
  std::optional<loop::Connector> connector;
  std::shared_ptr<const TlsContext> tls;
  std::unique_ptr<Link> link;
  bool link_was_idle{false};
  bool sent{false};
  bool head_told{false};
  bool paused{false};
  bool done{false};
  ResponseParser parser;
  std::optional<SseParser> events;

  // --- the way to a connection ---

  void start() noexcept {
    if (options.total_timeout > Duration{0}) {
      total.arm(options.total_timeout, [this] { fail("no complete answer in time"); });
    }
    auto bytes = serialize(request, options.reuse);
    if (!bytes) {
      return step.arm(Duration{0}, [this, why = bytes.error().message] { fail(why); });
    }
    wire = std::move(*bytes);
    const auto shared = pool.lock();
    if (options.reuse && shared) link = shared->take(request.url);
    link_was_idle = link != nullptr;
    if (!link_was_idle) return connect();
    link->hand_to(*this);
    step.arm(Duration{0}, [this] { send(); });
  }

  /// The one place that decides how a scheme is spoken.
  void connect() noexcept {
    step.arm(options.connect_timeout, [this] {
      fail(link ? "the TLS handshake was not done in time" : "no connection in time");
    });
    const Url& url = request.url;
    if (url.scheme == Scheme::https) {
      auto context = tls_context();
      if (!context) {
        return step.arm(Duration{0}, [this, why = context.error().message] { fail(why); });
      }
      tls = std::move(*context);
    }
    if (url.scheme == Scheme::unix_socket) {
      auto address = loop::Address::unix_path(url.socket_path);
      if (address) return connect_to({*address});
      return step.arm(Duration{0}, [this, why = address.error().message] { fail(why); });
    }
    if (const auto literal = loop::Address::ip(url.host, url.port)) return connect_to({*literal});
    if (equal_ignoring_case(url.host, "localhost")) {  // RFC 6761 §6.3: no look-up needed
      return connect_to(
          {*loop::Address::ip("127.0.0.1", url.port), *loop::Address::ip("::1", url.port)});
    }
    lookup =
        loop::Lookup{loop, url.host, url.port, [this](Result<std::vector<loop::Address>> found) {
                       if (!found) return fail(found.error().message);
                       connect_to(std::move(*found));
                     }};
  }

  void connect_to(std::vector<loop::Address> addresses) noexcept {
    connector.emplace(loop, std::move(addresses), [this](Result<loop::Fd> socket) {
      if (!socket) return fail(socket.error().message);
      auto session = tls ? std::make_unique<TlsSession>(tls, request.url.host) : nullptr;
      auto opened = Link::open(loop, request.url, std::move(*socket), std::move(session), *this);
      if (!opened) return fail(opened.error().message);
      link = std::move(*opened);
      link->begin();
    });
  }

  void on_open() noexcept override { send(); }

  void send() noexcept {
    step.disarm();
    if (options.first_byte_timeout > Duration{0}) {
      step.arm(options.first_byte_timeout, [this] { fail("no answer in time"); });
    }
    if (request.method == "HEAD") parser.expect_no_body();
    if (paused) link->pause();
    sent = true;
    link->write(wire);
  }

  // --- the answer ---

  void on_data(std::string_view bytes) noexcept override {
    if (head_told && options.idle_timeout > Duration{0}) wait_for_more();
    while (!done && !bytes.empty()) {
      const Fed fed = parser.feed(bytes);
      bytes.remove_prefix(fed.consumed);
      if (fed.progress == Progress::failed) return refuse();
      take(fed.progress, bytes.empty());
    }
  }

  void take(Progress progress, bool link_is_clean) noexcept {
    if (progress != Progress::more && !head_told) tell_head();
    if (!done) tell_body();
    if (!done && progress == Progress::complete) finish(link_is_clean);
  }

  void tell_head() noexcept {
    head_told = true;
    step.disarm();
    if (options.idle_timeout > Duration{0}) wait_for_more();
    const Response& response = parser.response();
    if (callbacks.on_event &&
        is_media_type(response.headers.get("Content-Type"), "text/event-stream")) {
      events.emplace(options.limits.body_bytes);
    }
    if (callbacks.on_head) {
      const Response head{response.status, response.headers, {}};
      callbacks.on_head(head);
    }
  }

  void tell_body() noexcept {
    if (!head_told || (!events && !callbacks.on_body)) return;
    const std::string body = parser.take_body();
    if (body.empty()) return;
    if (!events) return callbacks.on_body(body);
    std::vector<SseEvent> complete;
    const bool readable = events->feed(body, complete);
    for (const SseEvent& event : complete) {
      callbacks.on_event(event);
      if (done) return;
    }
    if (!readable) fail("an event is larger than " + std::to_string(options.limits.body_bytes));
  }

  void wait_for_more() noexcept {
    step.arm(options.idle_timeout, [this] { fail("the answer stopped half-way"); });
  }

  void refuse() noexcept {
    if (parser.refusal().status == 413) return fail("the answer has " + parser.refusal().reason);
    fail("the answer is not valid HTTP: " + parser.refusal().reason);
  }

  void on_end() noexcept override {
    if (!parser.is_begun()) return fail_unanswered("the server closed the connection");
    const Progress progress = parser.finish();
    if (progress == Progress::failed) return refuse();
    take(progress, false);
  }

  void on_broken(const Error& error) noexcept override {
    if (!parser.is_begun()) return fail_unanswered(error.message);
    fail(error.message);
  }

  /// An idle connection may have been closed under our request: then nobody has seen
  /// it, most likely, and what can be repeated is sent once more on a new one.
  void fail_unanswered(const std::string& why) noexcept {
    if (!link_was_idle || !is_idempotent(request.method)) return fail(why);
    link_was_idle = false;
    link.reset();
    connect();
  }

  // --- the end ---

  void finish(bool link_is_clean) noexcept {
    const bool keep =
        options.reuse && link_is_clean && parser.can_keep_alive() && link->queued() == 0;
    Response response = parser.take();
    if (const auto shared = pool.lock(); keep && shared) {
      link->resume();
      shared->put(std::move(link));
    }
    end(std::move(response));
  }

  void fail(const std::string& why) noexcept {
    const Url& url = request.url;
    const std::string text = url.text();
    end(failure("cannot " + request.method + " " + text.substr(0, text.find('?')) + ": " + why));
  }

  void end(Result<Response> outcome) noexcept {
    stop();
    if (callbacks.on_done) callbacks.on_done(std::move(outcome));
  }

  void stop() noexcept {
    done = true;
    total.disarm();
    step.disarm();
    lookup = {};
    connector.reset();
    link.reset();
  }
};

Call::Call(std::unique_ptr<State> state) : state_(std::move(state)) {}
Call::Call() = default;
Call::Call(Call&& other) noexcept = default;

Call& Call::operator=(Call&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Call::~Call() {
  if (!state_) return;
  state_->stop();
  loop::Loop& loop = state_->loop;
  loop.dispose(std::move(state_));  // one of its callbacks may be running
}

bool Call::is_running() const noexcept { return state_ && !state_->done; }

bool Call::was_sent() const noexcept { return state_ && state_->sent; }

void Call::pause() noexcept {
  if (!is_running()) return;
  state_->paused = true;
  if (state_->link) state_->link->pause();
}

void Call::resume() noexcept {
  if (!is_running()) return;
  state_->paused = false;
  if (state_->link) state_->link->resume();
}

Client::Client(loop::Loop& loop) : loop_(loop), pool_(std::make_shared<Pool>()) {}
Client::~Client() = default;

Call Client::send(Outgoing request, CallOptions options, CallCallbacks callbacks) {
  auto state = std::make_unique<Call::State>(loop_, pool_, std::move(request), options,
                                             std::move(callbacks));
  state->start();
  return Call{std::move(state)};
}

std::size_t Client::idle_connections() const noexcept { return pool_->idle.size(); }
void Client::close_idle() noexcept { pool_->idle.clear(); }

}  // namespace mcpctl::http
