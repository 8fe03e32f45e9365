// What one server wrote to stderr (and to stdout, where that is no protocol): cut
// into lines, kept in a ring in memory, written to files on request, handed to
// whoever follows.  Always drains; a stopped disk stops nobody.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "loop/loop.h"
#include "runtime/feed.h"

namespace mcpctl::runtime {

enum class Stream { out, err, note };  ///< note: the supervisor's own words

struct Line {
  std::uint64_t sequence{0};  ///< counts this server's lines from 1
  std::int64_t unix_ms{0};
  Stream stream{};
  std::string text;       ///< without its newline; raw bytes, at most 64 KiB
  bool continued{false};  ///< the line was longer; the rest follows as the next one
};

/// A line with its server's name, as the foreground shows it.
struct NamedLine {
  std::string_view server;
  const Line& line;
};
using LineFeed = Topic<NamedLine>;

class ServerLog {
 public:
  /// Writes `<dir>/<server>.log` if the settings name a folder.  `all` hears every
  /// line, too.
  ServerLog(loop::Loop& loop, std::string server, const config::Logs& settings, LineFeed& all);
  ~ServerLog();
  ServerLog(const ServerLog&) = delete;
  ServerLog& operator=(const ServerLog&) = delete;

  /// Raw bytes as they were read; lines are completed across calls.
  void append(Stream stream, std::string_view bytes);
  /// The stream ended: what stands without a newline becomes a line.
  void end(Stream stream);
  /// A line of our own ("started, pid 4711").
  void note(std::string_view text);

  void reconfigure(const config::Logs& settings);
  /// After an external rotation.
  void reopen();

  /// The last `count` lines in memory, oldest first.
  std::vector<Line> tail(std::size_t count) const;
  /// What memory holds from `sequence` on, at most `limit` lines.
  std::vector<Line> since(std::uint64_t sequence, std::size_t limit) const;
  /// The next line's sequence.
  std::uint64_t next_sequence() const;
  Topic<Line>& lines();

  std::uint64_t bytes_seen() const;
  std::uint64_t lines_seen() const;
  /// Lines that a full or broken disk kept out of the file.
  std::uint64_t lines_dropped() const;

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::runtime
