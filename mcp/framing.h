// Cuts a byte stream into lines, and makes a line of a message: the stdio transport of
// MCP ("messages are delimited by newlines, and MUST NOT contain embedded newlines",
// 2025-11-25 and 2026-07-28, transports, stdio).  A line that lies whole inside the fed
// chunk is not copied; the memory held is the unfinished line, never more than the cap.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mcpctl::mcp {

class LineFramer {
 public:
  /// What the reference SDKs accept at most.
  static constexpr std::size_t default_cap = 10u << 20;

  /// `cap`: bytes of the longest line that is handed out, without its ending.
  explicit LineFramer(std::size_t cap = default_cap) : cap_(cap) {}

  struct Frame {
    /// The line without "\n" or "\r\n"; empty for an overlong one.  Points into
    /// the chunk or into the framer: valid until the next call.
    std::string_view line;
    /// Bytes on the wire without the line's ending.
    std::uint64_t size{0};
    bool overlong{false};  ///< skipped because it exceeded the cap
  };

  /// Hands in what was read.  The bytes are borrowed until next() has returned
  /// nothing; feeding again before that is a broken invariant.
  void feed(std::string_view chunk);

  /// The next line, in order.  Blank lines are left out; an overlong line is
  /// reported once, where it ends.
  std::optional<Frame> next();

  /// The stream has ended: the unfinished last line, if there is one.  Resets.
  std::optional<Frame> finish();

  /// Bytes held for the unfinished line.
  std::size_t buffered() const { return held_.size(); }

 private:
  std::optional<Frame> close_line(std::string_view tail);
  void hold(std::string_view tail);
  void release();

  std::size_t cap_;
  std::string_view chunk_;    ///< borrowed, what next() has not seen yet
  std::string held_;          ///< start of the line that the last chunk left open
  std::uint64_t skipped_{0};  ///< bytes of the overlong line so far
  bool skipping_{false};
  bool release_due_{false};  ///< held_ was handed out by the last call
};

/// Puts spaces in place of all line ends from `begin` on: in JSON text they stand between
/// tokens only, where the one is as good as the other.
void put_on_one_line(std::string& message, std::size_t begin = 0);

}  // namespace mcpctl::mcp
