// A TLS front for tests: accepts TLS on loopback and passes the bytes on to a plain
// server and back, as a reverse proxy would.  Lives on the given loop.
#pragma once
#include <list>
#include <memory>
#include <optional>

#include "authority.h"
#include "loop/connection.h"
#include "loop/connector.h"
#include "loop/listener.h"
#include "loop/loop.h"
#include "server_session.h"

namespace mcpctl::testing {

class TlsFront {
 public:
  struct Manner {
    /// Says nothing at all to a client's hello.
    bool is_mute{false};
    /// Ends with close_notify, as TLS demands.
    bool says_goodbye{true};
    int newest{TLS1_3_VERSION};
  };

  TlsFront(loop::Loop& loop, const Credentials& credentials, const loop::Address& behind,
           Manner manner);
  TlsFront(loop::Loop& loop, const Credentials& credentials, const loop::Address& behind)
      : TlsFront(loop, credentials, behind, Manner{}) {}
  ~TlsFront();

  const loop::Address& address() const { return listener_->address(); }
  /// Accepted so far.
  int connections() const { return accepted_; }
  /// Bytes that wait for clients.
  std::size_t queued() const;

 private:
  struct Peer;
  void accept(loop::Fd socket);

  loop::Loop& loop_;
  const Credentials& credentials_;
  loop::Address behind_;
  Manner manner_;
  std::optional<loop::Listener> listener_;
  std::list<std::unique_ptr<Peer>> peers_;
  int accepted_{0};
};

}  // namespace mcpctl::testing
