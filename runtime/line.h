// One line of a server's output.
#pragma once
#include <cstdint>
#include <string>

namespace mcpctl::runtime {

/// note: the supervisor's own words about the server.  state: a transition, told in
/// the same words as by the feed of transitions.
enum class Stream : std::uint8_t { out, err, note, state };

constexpr bool is_own_output(Stream stream) {
  return stream == Stream::out || stream == Stream::err;
}

struct Line {
  std::uint64_t sequence{0};  ///< counts this server's lines from 1
  std::int64_t unix_ms{0};
  Stream stream{};
  std::string text;       ///< without its newline; raw bytes, at most 64 KiB
  bool continued{false};  ///< the line was longer; the rest follows as the next one
};

}  // namespace mcpctl::runtime
