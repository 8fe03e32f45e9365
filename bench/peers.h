// Other gateways that stand before a server on stdio, from npm: bench/peers pins them, and
// `./dev bench peers` installs them.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "bench/door.h"

namespace mcpctl::bench {

struct Peer {
  Gateway gateway;
  std::string program;  ///< its main file
};
std::span<const Peer> peers();

/// The reference server that has something of everything, on stdio.
std::vector<std::string> everything_server();

/// Goes to a network of this process and its children alone: some peers listen on every
/// interface and cannot be told otherwise.  False: the kernel does not permit it.
bool enter_private_network();

}  // namespace mcpctl::bench
