// Who may come through the door: by Host and Origin (a web page must not reach a
// loopback server through a name that was rebound to it), then by bearer token.  A
// token's scopes say how far.  Pure; nothing the client says of itself counts.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "http/message.h"

namespace mcpctl::gateway {

/// Which token a request came with, by a number that no other token gets as long as the
/// door is open; `none` where no tokens are configured.
struct Principal {
  static constexpr std::size_t none = ~std::size_t{0};
  std::size_t token{none};
  friend bool operator==(const Principal&, const Principal&) = default;
};

/// status 0: let in.
struct Verdict {
  int status{0};
  std::string why{};
  Principal principal{};
};

class Admission {
 public:
  /// `host`: the address that is listened on, without its port.
  Admission(config::Gateway config, std::string host);

  /// From now on.  Who came with a token that stays is the same principal.
  void reconfigure(config::Gateway config);

  Verdict judge(const http::Request& request) const;

  /// Whether this principal may use the server at all; "" is all of them together,
  /// which only an unlimited token may.  Nobody may whose token is gone.
  bool may_enter(Principal principal, std::string_view server) const;
  /// Whether it may send `method`, with the tool's name where it is tools/call.
  bool may_ask(Principal principal, std::string_view server, std::string_view method,
               std::string_view tool) const;
  /// "" without a token.
  std::string_view name(Principal principal) const;

 private:
  bool knows_host(std::string_view host) const;
  bool knows_origin(std::string_view origin) const;
  const config::Token* token_of(Principal principal) const;
  bool is_known(Principal principal) const;
  const std::vector<std::string>* scopes(Principal principal) const;

  config::Gateway config_;
  std::string host_;
  std::vector<std::size_t> numbers_;  ///< of config_.tokens, in their order
  std::size_t next_number_{0};
};

/// Takes as long for any two digests.
bool equal_digests(const std::array<std::uint8_t, 32>& a, const std::array<std::uint8_t, 32>& b);

}  // namespace mcpctl::gateway
