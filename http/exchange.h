// One request and its answer.  The handler gets an Exchange, may keep it, and
// answers now or later: whole (respond) or in pieces (begin, write, finish).  It is
// move-only and safe to hold after the client has gone: then answering does nothing.
// The request is to be read at once: it stays only until the handler has returned.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "loop/callback.h"
#include "loop/connection.h"

namespace mcpctl::http {

class RequestParser;
class Session;

class Exchange {
 public:
  /// For the server: with the request that is complete.
  Exchange(Session& session, RequestParser& parser);
  /// Unanswered, it answers 500; begun and unfinished, it drops the connection so
  /// that the client sees a cut answer and not a whole one.
  ~Exchange();
  Exchange(Exchange&& other) noexcept;
  Exchange& operator=(Exchange&& other) noexcept;

  /// Only until the handler has returned, even if it was answered before.
  const Request& request() const noexcept;
  /// That of the request: once, and no later than request().
  std::string take_body();
  /// Nothing for TCP, and when the client has gone.
  std::optional<loop::PeerCredentials> peer() const;
  /// The address of a TCP client, without its port; "" when it has gone.
  std::string_view remote() const noexcept;
  /// What the listener was opened with (Server::listen_…), to tell doors apart.
  int door() const noexcept { return door_; }

  /// The whole answer, once.  Length, Date and Connection are added; line ends in
  /// header values become spaces.
  void respond(const Response& response);
  /// Shorthand with a Content-Type.
  void respond(int status, std::string_view content_type, std::string_view body);

  /// Starts an answer in pieces: chunked, or up to the connection's end for
  /// HTTP/1.0.
  void begin(int status, Headers headers);
  /// False when the client has gone, or takes so little that more than the server's
  /// output cap would wait: then it has been dropped.  Empty pieces are ignored.
  bool write(std::string_view piece);
  void finish();

  /// Once, when the client goes before the answer is finished, or only stops
  /// sending.  The exchange may be destroyed in it.
  void on_disconnect(loop::Callback<> callback) { on_disconnect_ = std::move(callback); }
  /// Each time that everything written has left.
  void on_drained(loop::Callback<> callback) { on_drained_ = std::move(callback); }

  /// Bytes written that wait for the client to read.
  std::size_t queued() const noexcept;
  /// False when the client has gone or the answer is finished.
  bool is_open() const noexcept { return session_ != nullptr; }

 private:
  friend class Session;
  Session* session_{nullptr};       // null once answered or gone
  RequestParser* parser_{nullptr};  // of the request; null once the handler has returned
  int door_{0};
  bool begun_{false};
  loop::Callback<> on_disconnect_;
  loop::Callback<> on_drained_;
};

}  // namespace mcpctl::http
