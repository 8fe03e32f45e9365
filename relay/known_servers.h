// What servers said of themselves and listed when they last ran, as text for a file: so
// that a lazy server is known while it sleeps, also to the next supervisor.
//
// The file may be damaged, or anybody's: every value that is read is a whole JSON value
// on one line, as it must be to stand in a message.  Pure.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "relay/lists.h"
#include "relay/profile.h"

namespace mcpctl::relay {

struct KnownServer {
  std::string identity{};  ///< of the configuration that it ran with
  ServerProfile profile{};
  /// Raw objects; nothing: not known.
  std::array<std::optional<std::vector<std::string>>, listings.size()> lists{};

  std::size_t bytes() const;
};

/// By name.
using KnownServers = std::map<std::string, KnownServer, std::less<>>;

/// More of one server is not worth a file, nor is more of all.
inline constexpr std::size_t most_known_of_one = 1u << 20;   ///< bytes
inline constexpr std::size_t most_known_of_all = 12u << 20;  ///< bytes

/// JSON, with a version; UTF-8, one line.  Leaves out what is too much.
std::string encode(const KnownServers& servers);

/// A server of whose words some make no sense is left out.
Result<KnownServers> decode_known_servers(std::string_view text);

}  // namespace mcpctl::relay
