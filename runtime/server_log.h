// What one server wrote to stderr (and to stdout, where that is no protocol): cut
// into lines, kept in a ring in memory, written to files on request, handed to
// whoever follows.  Secrets are hidden before any of that, but in files of the format
// raw, which are the server's own bytes.  Always drains; a stopped disk stops nobody.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "loop/loop.h"
#include "runtime/feed.h"
#include "runtime/line.h"

namespace mcpctl::runtime {

/// What a server said, with its name, as the foreground shows it.
struct NamedBlock {
  std::string_view server;
  const LineBlock& block;
  bool is_in_file;  ///< stands in a log file, too
};
using LineFeed = Topic<NamedBlock>;

class ServerLog {
 public:
  struct Callbacks {
    /// A file cannot be written; at most once in ten seconds.
    std::function<void(const Error&)> on_trouble;
    /// No longer congested: reading may go on.
    std::function<void()> on_relief;
    /// The text without what nobody may read; nothing: it may be read as it is.
    std::function<std::optional<std::string>(std::string_view)> redact{};
  };

  /// Writes `<dir>/<server>.log` if the settings name a folder.  `all` hears every
  /// line, too.
  ServerLog(loop::Loop& loop, std::string server, const config::Logs& settings, LineFeed& all,
            Callbacks callbacks);
  ~ServerLog();
  ServerLog(const ServerLog&) = delete;
  ServerLog& operator=(const ServerLog&) = delete;

  /// Raw bytes as they were read; lines are completed across calls.  Whole lines stay
  /// together as a block all the way, as long as nobody follows line by line.
  void append(Stream stream, std::string_view bytes);
  /// The stream ended: what stands without a newline becomes a line.
  void end(Stream stream);
  /// A line of our own; `as` is note or state.
  void note(std::string_view text, Stream as = Stream::note);

  /// The file's disk is behind: whoever reads for this log should pause until
  /// on_relief.  Never lasts longer than half a second on a disk that hangs.
  bool is_congested() const;

  void reconfigure(const config::Logs& settings);
  /// From now on for somebody else.
  void serve(const config::Logs& settings, Callbacks callbacks);
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
