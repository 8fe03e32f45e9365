// One client connection of the server, from accept to close: reading a request,
// waiting for its answer, writing it, lingering until the client has read it.  For
// http/ only.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/answer_head.h"
#include "http/exchange.h"
#include "http/parser.h"
#include "http/server_state.h"
#include "loop/connection.h"
#include "loop/fd.h"

namespace mcpctl::http {

class Session {
 public:
  Session(Server::State& server, int door, std::string remote);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// False when the socket cannot be watched.
  bool open(loop::Fd socket);
  /// Answers 503 to whatever comes, and closes.
  void refuse_overload();
  /// Lets no further request in; closes now when none is under way.
  void close_when_idle();
  /// Closes the connection now; `why` goes to the log unless it is empty.  The
  /// memory stays until the current callbacks have returned.
  void drop(std::string_view why);
  /// Sends what respond() left to be sent at the end of the turn.
  void flush();
  /// As drop() without telling anyone, for a server that is being destroyed.
  void forget() noexcept;

  /// When something is due; nothing while only the handler is waited for.
  std::optional<Instant> deadline() const noexcept;
  /// Acts on what is overdue.
  void check(Instant now);

  // What an Exchange asks for.
  void moved(Exchange& exchange) noexcept { exchange_ = &exchange; }
  void respond(const Response& response);
  void begin(int status, Headers headers);
  bool write(std::string_view piece);
  void finish();
  void abandon(const Exchange& exchange);
  std::optional<loop::PeerCredentials> peer() const { return connection_->peer_credentials(); }
  std::size_t queued() const noexcept { return connection_ ? connection_->queued() : 0; }
  int door() const noexcept { return door_; }
  const std::string& remote() const noexcept { return remote_; }

  /// Where it stands in the server's list.
  std::list<std::unique_ptr<Session>>::iterator self;

 private:
  enum class State {
    idle,       // between two requests
    head,       // a request is wanted or has begun
    body,       // its head is complete
    answering,  // the handler has it
    lingering,  // the last answer is written
    dropped,
  };

  void on_data(std::string_view bytes);
  void on_peer_closed();
  void on_drained();
  void advance(std::string_view bytes);
  void parse(std::string_view& bytes);
  void take_up_pending();
  void on_head(bool body_has_come);
  void hand_over();
  void refuse(int status, std::string_view reason);
  void send_head(int status, const Headers& headers, AnswerHead::Framing framing,
                 std::string_view content_type = {});
  void answered();
  void linger();
  void enter(State state);
  void watch_deadline();
  void note_progress() noexcept;
  bool reads_requests() const noexcept {
    return state_ == State::idle || state_ == State::head || state_ == State::body;
  }

  Server::State* server_;
  int door_;
  std::string remote_;
  std::optional<loop::Connection> connection_;
  RequestParser parser_;
  State state_{State::head};
  Instant entered_;     // state_
  Instant progressed_;  // the last byte of a body came, or bytes of an answer were taken
  std::uint64_t sent_seen_{0};
  std::uint64_t discarded_{0};  // while lingering
  std::string pending_;         // bytes of requests that wait their turn
  Exchange* exchange_{nullptr};
  bool advancing_{false};
  bool flush_due_{false};  // the server calls flush()
  bool peer_closed_{false};
  bool closing_{false};  // no further request
  // Of the request under way.
  bool keep_alive_{false};
  bool is_head_{false};
  bool is_http10_{false};
  bool has_body_{false};  // its answer in pieces
};

}  // namespace mcpctl::http
