// What `mcpctl top` knows and how keys change it.  Pure: the fleet, log lines and keys
// in, a request to the supervisor out; cli/top_view.h shows it, cli/top.cc is its shell.
#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "cli/fleet_view.h"
#include "cli/keys.h"

namespace mcpctl::cli {

class TopState {
 public:
  enum class Page { fleet, log, help };

  /// What a key asks of the shell.
  struct Request {
    enum class Kind { none, quit, redraw, command };
    Kind kind{Kind::none};
    std::string verb{};  ///< command: "restart", "stop", "start", "kill"
    std::string server{};
  };

  /// `at` is when it was so; what the processors did in between becomes a share.
  void update(FleetView fleet, Instant at);
  /// The next lines of the selected server; others are dropped.
  void add_line(LogLineView line);
  /// Lines that the supervisor could not keep for us.
  void add_gap(const std::string& text);
  /// Stands in the last line until the next key.
  void say(std::string text) { message_ = std::move(text); }

  /// `page_lines`: how far a page goes.
  Request press(const Key& key, std::size_t page_lines);

  /// Those that the filter lets through, in the fleet's order.
  std::vector<const ServerView*> servers() const;
  /// Empty when none is shown.
  const std::string& selected() const { return selected_; }
  const ServerView* selected_server() const { return fleet_.find(selected_); }
  const FleetView& fleet() const { return fleet_; }
  /// Percent of one processor; nothing until two looks at the same process.
  std::optional<unsigned> cpu_share(const std::string& server) const;

  Page page() const { return page_; }
  const std::deque<LogLineView>& log() const { return log_; }
  /// Lines between the last one shown and the newest; 0 follows.
  std::size_t scrolled() const { return scrolled_; }
  const std::string& filter() const { return filter_; }
  bool is_typing() const { return is_typing_; }
  const std::string& message() const { return message_; }

  static constexpr std::size_t most_lines = 2000;

 private:
  struct Cpu {
    std::uint32_t incarnation{0};
    Duration used{0};
    Instant at;
    std::optional<unsigned> share;
  };

  Request press_in_fleet(const Key& key, std::size_t page_lines);
  void press_in_log(const Key& key, std::size_t page_lines);
  void press_in_filter(const Key& key);
  void move(std::ptrdiff_t by);
  void scroll(std::ptrdiff_t by);
  void select(const std::string& server);
  void keep_selection();
  Request command(std::string_view verb) const;

  FleetView fleet_;
  std::map<std::string, Cpu> cpu_;
  std::string selected_;
  std::size_t place_{0};  ///< of the selected one, for when it is gone
  std::deque<LogLineView> log_;
  std::size_t scrolled_{0};
  Page page_{Page::fleet};
  std::string filter_;
  bool is_typing_{false};
  std::string message_;
};

}  // namespace mcpctl::cli
