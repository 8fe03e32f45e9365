#include "http/session.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace mcpctl::http {

namespace {

/// Pipelined bytes kept while an answer is under way, and unread answers before the
/// next request is looked at.
constexpr std::size_t pending_cap = 64 * 1024;
constexpr std::size_t large_body = 64 * 1024;
/// Read and thrown away after a last answer: the client may still be sending, and a
/// close with unread bytes would reset the connection under our answer (RFC 9112 §9.6).
constexpr std::uint64_t discard_cap = 4 * 1024 * 1024;

bool status_has_body(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Session::Session(Server::State& server, int door, std::string remote)
    : server_(&server), door_(door), remote_(std::move(remote)), parser_(server.options.limits) {}

Session::~Session() { forget(); }

bool Session::open(loop::Fd socket) {
  auto opened = loop::Connection::open(server_->loop, std::move(socket),
                                       {[this](std::string_view bytes) { on_data(bytes); },
                                        [this] { on_peer_closed(); },
                                        [this](const Error&) { drop(""); },
                                        [this] { on_drained(); },
                                        {}});
  if (!opened) return false;
  connection_.emplace(std::move(*opened));
  enter(State::head);
  return true;
}

void Session::refuse_overload() { refuse(503, "too many connections"); }

void Session::close_when_idle() {
  closing_ = true;
  keep_alive_ = false;
  if (state_ == State::idle || (state_ == State::head && !parser_.is_begun())) drop("");
}

void Session::forget() noexcept {
  state_ = State::dropped;
  if (std::exchange(flush_due_, false)) {
    std::erase(server_->unflushed, this);
    connection_->uncork();
  }
  connection_.reset();
  if (exchange_ != nullptr) exchange_->session_ = nullptr;
  exchange_ = nullptr;
}

void Session::drop(std::string_view why) {
  if (state_ == State::dropped) return;
  loop::Callback<> tell;
  if (exchange_ != nullptr) tell = std::move(exchange_->on_disconnect_);
  forget();
  Server::State& server = *server_;
  server.retire(*this);
  if (!why.empty() && server.on_drop) server.on_drop(why);
  if (tell) tell();
}

// --- reading -----------------------------------------------------------------

void Session::on_data(std::string_view bytes) {
  if (state_ == State::lingering) {
    discarded_ += bytes.size();
    if (discarded_ > discard_cap) drop("");
    return;
  }
  if (!reads_requests() || !pending_.empty()) {
    pending_ += bytes;
    if (pending_.size() > pending_cap) connection_->pause();
    return;
  }
  advance(bytes);
}

void Session::take_up_pending() {
  if (advancing_ || !reads_requests()) return;
  const std::string bytes = std::exchange(pending_, {});
  if (bytes.size() > pending_cap) connection_->resume();
  advance(bytes);
}

/// Takes requests out of `bytes` until one must be waited for; keeps the rest.
void Session::advance(std::string_view bytes) {
  advancing_ = true;
  do {
    connection_->cork();  // answers to pipelined requests leave together
    parse(bytes);
    if (state_ == State::dropped) return;
    connection_->uncork();
  } while (!bytes.empty() && reads_requests() && queued() == 0);
  advancing_ = false;
  note_progress();
  watch_deadline();
  if (state_ == State::lingering) return;
  if (!bytes.empty()) {
    pending_ = bytes;
    if (pending_.size() > pending_cap) connection_->pause();
  } else if (peer_closed_ && reads_requests()) {
    linger();  // no more will come
  }
}

void Session::parse(std::string_view& bytes) {
  while (!bytes.empty() && reads_requests() && queued() < pending_cap) {
    if (state_ == State::idle) enter(State::head);
    if (state_ == State::body) progressed_ = server_->loop.turn();
    const Fed fed = parser_.feed(bytes);
    bytes.remove_prefix(fed.consumed);
    switch (fed.progress) {
      case Progress::more: break;
      case Progress::head: on_head(!bytes.empty()); break;
      case Progress::complete: hand_over(); break;
      case Progress::failed: {
        const Refusal refusal = parser_.refusal();
        refuse(refusal.status, refusal.reason);
        break;
      }
    }
  }
}

void Session::on_head(bool body_has_come) {
  enter(State::body);
  const auto expected = parser_.request().headers.find("Expect");
  if (!expected || parser_.request().version_minor == 0) return;
  if (!equal_ignoring_case(*expected, "100-continue")) return refuse(417, "an unknown expectation");
  if (body_has_come) return;
  connection_->write("HTTP/1.1 100 Continue\r\n\r\n");
  connection_->uncork();  // the client waits for it
}

void Session::hand_over() {
  const Request& request = parser_.request();
  ++server_->requests;
  is_head_ = request.method == "HEAD";
  is_http10_ = request.version_minor == 0;
  keep_alive_ = !closing_ && !is_http10_ && parser_.wants_keep_alive();
  enter(State::answering);
  server_->handler(Exchange{*this, parser_});
  if (exchange_ != nullptr) exchange_->parser_ = nullptr;
  parser_.next();
}

void Session::on_peer_closed() {
  peer_closed_ = true;
  if (state_ == State::answering) {
    if (exchange_ == nullptr || !exchange_->on_disconnect_) return;
    loop::Callback<> tell = std::move(exchange_->on_disconnect_);
    tell();
    return;
  }
  if (state_ == State::lingering && queued() > 0) return;
  if (reads_requests() && !pending_.empty()) return;  // on_drained() goes on with them
  if (reads_requests() && queued() > 0) return linger();
  drop("");
}

void Session::on_drained() {
  note_progress();
  if (state_ == State::lingering) {
    entered_ = progressed_;
    watch_deadline();
    if (peer_closed_) drop("");
  } else if (reads_requests()) {
    watch_deadline();
    take_up_pending();
  } else if (exchange_ != nullptr && exchange_->on_drained_) {
    loop::Callback<> tell = std::move(exchange_->on_drained_);
    tell();
    // The exchange may be gone, moved or have another callback now.
    if (exchange_ != nullptr && !exchange_->on_drained_) exchange_->on_drained_ = std::move(tell);
  }
}

// --- answering ---------------------------------------------------------------

void Session::send_head(int status, const Headers& headers, AnswerHead::Framing framing,
                        std::string_view content_type) {
  connection_->write(server_->head.write(status, content_type, headers, framing, keep_alive_));
}

void Session::respond(const Response& response) {
  exchange_ = nullptr;
  if (closing_) keep_alive_ = false;
  connection_->cork();
  const bool has_body = status_has_body(response.status);
  AnswerHead::Framing framing;
  if (has_body) framing.length = response.body.size();
  send_head(response.status, response.headers, framing, response.content_type);
  // A small answer leaves with its head and those to other clients; of a large one only
  // what the kernel does not take now is copied.
  if (response.body.size() >= large_body) connection_->uncork();
  if (!is_head_ && has_body) connection_->write(response.body);
  if (!advancing_ && !std::exchange(flush_due_, true)) server_->flush_soon(*this);
  answered();
}

void Session::flush() {
  if (!std::exchange(flush_due_, false)) return;  // dropped meanwhile
  connection_->uncork();
  note_progress();
  if (reads_requests() && queued() < pending_cap && !pending_.empty()) take_up_pending();
}

void Session::begin(int status, Headers headers) {
  if (closing_) keep_alive_ = false;
  has_body_ = !is_head_ && status_has_body(status);
  const bool chunked = status_has_body(status) && !is_http10_;
  send_head(status, headers, {.chunked = chunked});
}

bool Session::write(std::string_view piece) {
  if (!has_body_ || piece.empty()) return true;
  if (queued() > 0 && queued() + piece.size() > server_->options.output_cap) {
    exchange_->on_disconnect_ = nullptr;  // the result tells
    drop("reads too slowly: " + std::to_string(queued()) + " bytes wait");
    return false;
  }
  if (is_http10_) {
    connection_->write(piece);
  } else {
    char size[20];
    char* end = std::to_chars(size, size + 16, piece.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    if (!advancing_) connection_->cork();
    connection_->write({size, static_cast<std::size_t>(end - size)});
    connection_->write(piece);
    connection_->write("\r\n");
    if (!advancing_) connection_->uncork();
  }
  note_progress();
  watch_deadline();
  return !connection_->is_broken();
}

void Session::finish() {
  exchange_ = nullptr;
  if (has_body_ && !is_http10_) connection_->write("0\r\n\r\n");
  answered();
}

void Session::abandon(const Exchange& exchange) {
  // Nobody is cut off who has left by itself.
  if (exchange.begun_) return drop(peer_closed_ ? "" : "was cut off: its answer was given up");
  respond({500, {}, "no answer\n", "text/plain"});
}

/// Our own last word, without the handler.
void Session::refuse(int status, std::string_view reason) {
  keep_alive_ = false;
  closing_ = true;
  is_head_ = false;
  std::string body{reason};
  body += '\n';
  connection_->cork();
  send_head(status, {}, {.length = body.size()}, "text/plain");
  connection_->write(body);
  connection_->uncork();
  if (server_->on_drop) {
    server_->on_drop("was refused with " + std::to_string(status) + ": " + std::string{reason});
  }
  linger();
}

void Session::answered() {
  note_progress();
  if (!keep_alive_) return linger();
  enter(State::idle);
  if (advancing_) return;
  if (peer_closed_ && pending_.empty()) return linger();
  if (flush_due_) return;  // which goes on
  if (queued() < pending_cap) take_up_pending();
}

void Session::linger() {
  if (state_ == State::dropped) return;
  enter(State::lingering);
  pending_.clear();
  connection_->resume();
  connection_->uncork();
  connection_->shutdown();
  watch_deadline();
  if (peer_closed_ && queued() == 0) drop("");
}

// --- deadlines ---------------------------------------------------------------

void Session::enter(State state) {
  state_ = state;
  entered_ = progressed_ = server_->loop.turn();
  if (!advancing_) watch_deadline();  // else advance() does
}

/// After every change of state_ and of whether bytes are queued.
void Session::watch_deadline() {
  if (const auto due = deadline()) server_->watch_deadline(*due);
}

void Session::note_progress() noexcept {
  if (!connection_ || connection_->sent() == sent_seen_) return;
  sent_seen_ = connection_->sent();
  progressed_ = server_->loop.turn();
}

std::optional<Instant> Session::deadline() const noexcept {
  const ServerOptions& options = server_->options;
  const bool stalls = queued() > 0;
  switch (state_) {
    case State::idle:
      return stalls ? progressed_ + options.write_stall_timeout
                    : entered_ + options.keep_alive_timeout;
    case State::head: return entered_ + options.header_timeout;
    case State::body:
      return std::min(progressed_ + options.body_idle_timeout,
                      entered_ + options.body_total_timeout);
    case State::answering:
      return stalls ? std::optional{progressed_ + options.write_stall_timeout} : std::nullopt;
    case State::lingering:
      return stalls ? progressed_ + options.write_stall_timeout : entered_ + options.linger_timeout;
    case State::dropped: return std::nullopt;
  }
  return std::nullopt;
}

void Session::check(Instant now) {
  note_progress();
  const auto due = deadline();
  if (!due || now < *due) return;
  if (queued() > 0 && (state_ == State::idle || state_ == State::answering)) {
    return drop("reads too slowly: " + std::to_string(queued()) + " bytes wait");
  }
  if (state_ == State::body) return refuse(408, "the body did not come in time");
  if (state_ == State::head && parser_.is_begun()) {
    return refuse(408, "the header did not come in time");
  }
  drop(state_ == State::head ? "gave no request in time" : "");
}

}  // namespace mcpctl::http
