// A client of the operators' door that decides itself when it writes, reads or leaves;
// never blocks for longer than it is told.
#pragma once
#include <string>
#include <string_view>

#include "waiting.h"

namespace mcpctl::e2e {

class Client {
 public:
  /// Connects to the unix socket at `path`; is_connected() tells whether it could.
  explicit Client(const std::string& path);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  bool is_connected() const { return fd_ >= 0; }
  /// As much of `bytes` as the socket takes now; false once the peer has hung up.
  bool send(std::string_view bytes);
  /// What came until the peer closed, or `limit` was over.
  std::string read_to_end(Milliseconds limit);
  /// What has come by now; "" for nothing.
  std::string read_some();
  /// Whether the peer has hung up, all that it had sent before being read.
  bool has_ended(Milliseconds limit);

 private:
  int fd_{-1};
};

/// Leaves a socket file behind that nobody accepts on.
bool leave_stale_socket(const std::string& path);

}  // namespace mcpctl::e2e
