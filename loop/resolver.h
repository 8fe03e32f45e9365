// Host names to addresses, on the threadpool (getaddrinfo blocks).
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "loop/address.h"
#include "loop/callback.h"
#include "loop/loop.h"

namespace mcpctl::loop {

/// One look-up under way; destroying it forgets the answer.
class [[nodiscard]] Lookup {
 public:
  /// Never fails with an empty list: no address is an Error.
  using Done = Callback<Result<std::vector<Address>>>;

  Lookup() = default;
  /// Addresses of stream sockets for `host`, in the system's order of preference
  /// (getaddrinfo(3), RFC 6724).  `done` runs on the loop, never from here.
  Lookup(Loop& loop, std::string host, std::uint16_t port, Done done);
  ~Lookup();
  Lookup(Lookup&&) noexcept;
  Lookup& operator=(Lookup&&) noexcept;

 private:
  struct Request;
  void forget() noexcept;
  Request* request_{nullptr};  // owned by libuv until its callback has run
};

}  // namespace mcpctl::loop
