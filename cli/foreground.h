// What `mcpctl run` shows on stdout: the lines of all servers and a line for each
// of their transitions, as text or as JSON.  A server that takes long to start gets a
// line now and then; in a steady state it is silent.  A flood that stands in a log
// file as well is not shown in full: nobody could read it here.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/line_format.h"
#include "cli/log.h"
#include "cli/output.h"
#include "loop/timer.h"
#include "runtime/supervisor.h"

namespace mcpctl::cli {

class Foreground {
 public:
  /// Borrows all three for its lifetime.
  Foreground(loop::Loop& loop, runtime::Supervisor& supervisor, Output& output, LogStyle style,
             bool color);

  /// What is not shown yet: a transition's line waits a millisecond, so that what follows
  /// from the transition, such as the next process, does not wait for it.
  void catch_up();

 private:
  void show(const runtime::NamedBlock& named);
  void show(std::string_view server, const runtime::Line& line);
  bool is_too_much(const runtime::NamedBlock& named);
  void show_soon(const runtime::Transitioned& transition);
  void show(const runtime::Transitioned& transition);
  void show_text(const runtime::Transitioned& transition);
  void show_last_words(const runtime::Transitioned& transition, std::size_t most);
  bool has_just_spoken(const std::string& server) const;
  void follow_start(const runtime::Transitioned& transition);
  void wake(Instant when);
  void tell_slow_starts();

  struct Start {
    Instant began;
    Instant next_line;
  };

  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  Output& output_;
  LogStyle style_;
  bool color_;
  std::vector<std::string> names_;  ///< sorted
  LineFormat format_;
  std::uint64_t lines_shown_{0};
  std::map<std::string, std::uint64_t> last_line_;  ///< of each server, in lines_shown_
  std::map<std::string, Start> starts_;             ///< under way
  loop::Timer patience_;
  std::vector<runtime::Transitioned> unshown_;
  loop::Timer catching_up_;
  /// What servers with log files were given this second.
  struct Share {
    std::int64_t second{0};
    std::size_t lines{0};
  };
  std::map<std::string, Share, std::less<>> shares_;
  runtime::Subscription lines_;
  runtime::Subscription transitions_;
};

/// When to say again that a start takes long: after 3, 10, 30 and 60 seconds, then
/// every minute.
Duration next_patience(Duration waited);

}  // namespace mcpctl::cli
