// HTTP/1.0 and 1.1 messages from bytes (RFC 9112), for both directions: llhttp in
// strict mode behind guards for what it lets through.  Bytes of any split give the
// same verdict.  Pure: no socket, no clock.  A message that could be read in two
// ways (request smuggling) is an error, and after an error nothing more is parsed.
//
// The guards, all on: header bytes, header count, target and body are bounded;
// exactly one Host on 1.1; Transfer-Encoding at most once, exactly "chunked", never
// with Content-Length, never on 1.0; no folded header lines; framing between body
// bytes is bounded (chunk extensions, leading zeros, trailers, tiny chunks); versions
// other than 1.0 and 1.1 are refused; one message at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace mcpctl::http {

struct Limits {
  std::size_t header_bytes{16 * 1024};  ///< start line and header fields together
  std::size_t header_count{100};
  std::size_t target_bytes{8 * 1024};
  std::uint64_t body_bytes{4 * 1024 * 1024};
  std::size_t framing_bytes{16 * 1024};  ///< between two bytes of a chunked body
};

/// Why a message was refused, and what a server should answer: 400, 413, 414, 431,
/// 501 or 505.  `reason` is a clause ("two Host fields"), free of foreign bytes.
struct Refusal {
  int status{400};
  std::string reason;
};

enum class Progress {
  more,      ///< everything was consumed; feed more
  head,      ///< start line and headers are complete, the body is not; feed the rest
  complete,  ///< one whole message; take it, then feed the rest
  failed,    ///< see refusal(); close the connection
};

struct Fed {
  std::size_t consumed{0};
  Progress progress{Progress::more};
};

class RequestParser {
 public:
  explicit RequestParser(Limits limits = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Stops at the end of the head and at the end of the message; call again with
  /// what was not consumed.
  Fed feed(std::string_view bytes);
  /// After `head`: what is known so far.  After `complete`, all of it, until next(); it
  /// stays where it is.
  const Request& request() const noexcept;
  /// After `complete`, once.
  std::string take_body();
  /// After `complete`: forgets the message, so that another one may begin.
  void next();
  const Refusal& refusal() const noexcept;
  /// True once the first byte of a message has come, until next().
  bool is_begun() const noexcept;
  /// After `complete`: does the client want another request to use this connection?
  bool wants_keep_alive() const noexcept;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

class ResponseParser {
 public:
  explicit ResponseParser(Limits limits = {});
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  /// Call before the first byte of an answer to HEAD: it has no body.
  void expect_no_body() noexcept;
  /// As for requests.  Interim answers (1xx) are skipped; 101 is refused.
  Fed feed(std::string_view bytes);
  /// The peer closed the connection: `complete` when that ends the message (a body
  /// without length), else `failed`.
  Progress finish();
  Response take();
  const Response& response() const noexcept;
  /// Moves out the body bytes that have come since the last call, for streaming:
  /// they no longer count against Limits::body_bytes.
  std::string take_body();
  const Refusal& refusal() const noexcept;
  /// True once the first byte of an answer has come, until it is taken.
  bool is_begun() const noexcept;
  /// After `complete`: may another request use this connection?
  bool can_keep_alive() const noexcept;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::http
