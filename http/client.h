// The HTTP/1.1 client over TCP, TLS and unix sockets: probes, proxied servers, event
// streams, our own CLI.  The server may be hostile: its answer is parsed strictly, is
// bounded, and every wait has a deadline.  Follows no redirects, keeps no cookies, and
// sends the Host that the URL names.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "http/message.h"
#include "http/parser.h"
#include "http/sse.h"
#include "http/url.h"
#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::http {

/// What to send.  Host, Content-Length and Connection are ours to write.
struct Outgoing {
  std::string method{"GET"};
  Url url;
  Headers headers;
  std::string body;
};

struct CallOptions {
  Duration connect_timeout{5'000};      ///< to resolve the name, connect, agree on TLS
  Duration first_byte_timeout{30'000};  ///< from then to a complete head; zero: none
  Duration idle_timeout{0};             ///< between two bytes of the body; zero: none
  Duration total_timeout{30'000};       ///< for everything; zero: none, for streams
  Limits limits;                        ///< of the answer
  /// Take an idle connection of an earlier call, and leave this one for a later.
  bool reuse{false};
};

struct CallCallbacks {
  /// Once the answer's head is there; its body is empty yet.  May be empty.
  loop::Callback<const Response&> on_head{};
  /// With this, the body comes in pieces as it arrives, without a cap, and the
  /// Response of on_done has none.
  loop::Callback<std::string_view> on_body{};
  /// With this, a body of type text/event-stream comes as events instead.
  loop::Callback<const SseEvent&> on_event{};
  /// Once, at the end: any complete answer, whatever its status, or "cannot GET
  /// http://host/path: cause".  The query, which may hold secrets, is left out.
  loop::Callback<Result<Response>> on_done{};
};

/// One call under way.  Destroying it, also in its own callbacks, cancels it: then
/// nothing is called any more.
class [[nodiscard]] Call {
 public:
  Call();
  ~Call();
  Call(Call&& other) noexcept;
  Call& operator=(Call&& other) noexcept;

  /// False before the start, after on_done and when cancelled.
  bool is_running() const noexcept;
  /// There was a connection to write the request to: somebody may have read it.
  bool was_sent() const noexcept;
  /// While paused the body stays with the server: back-pressure for streams.
  void pause() noexcept;
  void resume() noexcept;

 private:
  friend class Client;
  struct State;
  explicit Call(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Client {
 public:
  explicit Client(loop::Loop& loop);
  /// Closes idle connections; calls under way go on.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Callbacks run from the loop, never from here.
  Call send(Outgoing request, CallOptions options, CallCallbacks callbacks);

  std::size_t idle_connections() const noexcept;
  void close_idle() noexcept;
  /// How long an unused connection is kept, and how many.
  static constexpr Duration idle_time{15'000};
  static constexpr std::size_t idle_cap = 32;

 private:
  friend class Call;
  struct Pool;
  loop::Loop& loop_;
  /// Shared only so that a call can see that its client is gone: calls hold it weakly.
  std::shared_ptr<Pool> pool_;
};

}  // namespace mcpctl::http
