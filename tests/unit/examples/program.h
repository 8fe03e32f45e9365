// A program under test at the other end of three pipes.  Every wait has a deadline;
// what the program leaves in its process group dies with the fixture.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace mcpctl::tests {

inline constexpr std::chrono::milliseconds patience{10'000};

class Program {
 public:
  /// Runs build/examples/NAME, in a process group of its own, with our environment and
  /// `env` ("KEY=value") on top.
  explicit Program(const std::string& name, std::vector<std::string> arguments = {},
                   std::vector<std::string> env = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(const std::string& line);
  void close_stdin();
  void signal(int number) const;

  /// The next line of stdout or stderr without its newline; nothing at the end of file
  /// or when patience runs out.
  std::optional<std::string> line(std::chrono::milliseconds limit = patience);
  std::optional<std::string> error_line();
  /// All of stderr up to its end, or what came before patience ran out.
  std::string all_errors();
  /// send(), then line().
  std::string ask(const std::string& request);

  /// How it ended, as waitpid(2) says; nothing while it runs.
  std::optional<int> wait(std::chrono::milliseconds limit = patience);
  pid_t pid() const { return pid_; }

 private:
  struct Stream {
    int fd{-1};
    std::string buffer;
    bool ended{false};
  };
  static bool fill(Stream& stream, std::chrono::steady_clock::time_point end);
  static std::optional<std::string> line_of(Stream& stream, std::chrono::milliseconds limit);

  pid_t pid_{-1};
  int input_{-1};
  Stream output_;
  Stream errors_;
  std::optional<int> status_;
};

/// Whether the process exists and is no zombie.
bool is_alive(pid_t pid);

}  // namespace mcpctl::tests
