// Makes an outgoing connection: tries the given addresses one after the other
// without blocking.  Has no deadline of its own; destroying it gives up.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "loop/address.h"
#include "loop/callback.h"
#include "loop/fd.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace mcpctl::loop {

class Connector {
 public:
  /// The connected, non-blocking socket, or the last address's error.
  using Done = Callback<Result<Fd>>;

  /// `done` runs once, from the loop, never from here; it may destroy the
  /// connector.  `addresses` must not be empty.
  Connector(Loop& loop, std::vector<Address> addresses, Done done);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  struct Attempt;
  std::unique_ptr<Attempt> attempt_;
};

/// Connects at once or says why not, blocking: only for unix sockets, whose
/// connect() does not wait.
Result<Fd> connect_unix(const Address& address);

}  // namespace mcpctl::loop
