// A small MCP server over stdio with one poll(2) loop: it behaves unless Options says
// otherwise.  Single-threaded; answers fixed messages, so it carries no JSON library.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace misbehave {

/// How a listening socket treats those who connect.
enum class Welcome { hang_up, silence, http_ok, http_error, trickle };

class Server {
 public:
  explicit Server(const Options& options) : options_(options) {}

  /// Calls `act` once, `delay` milliseconds from now.
  void in(long delay, std::function<void()> act);
  /// Calls `act` every `period` milliseconds, the first time at once.
  void every(long period, std::function<void()> act);
  /// Writes `bytes` bytes to `fd` as fast as its reader takes them, while serving;
  /// a newline ends every `line` bytes (0: none at all).
  void flood(int fd, long bytes, long line);
  void listen(int port, Welcome welcome);

  /// Serves until end of file on stdin, SIGTERM or a mode ends it; returns the exit status.
  int run();

 private:
  struct Timer {
    long at;
    std::string request;  ///< the id this will answer; empty for others
    std::function<void()> act;
  };
  struct Flood {
    int fd;
    long left;
    long line;
    long column{0};
  };
  struct Listener {
    int fd;
    Welcome welcome;
  };

  void run_timers();
  int wait_ms() const;
  void read_stdin();
  void end_of_input();
  void pour();
  void welcome(const Listener& listener);

  void handle(std::string_view message);
  bool refuse_era(std::string_view method, std::string_view id, std::string_view params);
  void initialize(std::string_view id, std::string_view params);
  void discover(std::string_view id);
  void list_tools(std::string_view id);
  void call_tool(std::string_view id, std::string_view params);
  void became_ready();

  void result(std::string_view id, std::string members, bool cacheable = false);
  void text_result(std::string_view id, std::string_view json_string);
  void error(std::string_view id, int code, std::string_view message, std::string_view data = {});
  void send(std::string_view message);

  const Options& options_;
  std::vector<Timer> timers_;
  std::vector<Flood> floods_;
  std::vector<Listener> listeners_;
  std::string input_;
  bool reading_{true};
  bool modern_{false};  ///< the request being answered is of the modern era
  bool client_has_roots_{false};
  bool roots_unanswered_{false};
  long messages_{0};
  long requests_{0};
  long calls_{0};
  int status_{-1};  ///< >= 0: leave the loop with it
};

}  // namespace misbehave
