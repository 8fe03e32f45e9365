// Verbs for tests with real processes.  Every wait is for an event and has a
// deadline; every fixture asserts at its end that no child is left.
#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "spawn/exit_status.h"
#include "spawn/pipe.h"
#include "spawn/spawner.h"
#include "tests/unit/children.h"

namespace test {

using namespace mcpctl;
using namespace mcpctl::spawn;
using namespace std::chrono_literals;

using mcpctl::testing::has_children;

/// Makes this process adopt orphans, as the supervisor does, and checks at the
/// end that none is left, not even a zombie.
struct NoChildLeft {
  NoChildLeft() { mcpctl::testing::adopt_orphans(); }
  ~NoChildLeft() { CHECK_FALSE(has_children()); }
};

inline ChildSpec program(std::vector<std::string> argv) {
  ChildSpec spec;
  spec.name = "github";
  spec.file = argv.at(0);
  spec.argv = std::move(argv);
  spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  return spec;
}

inline ChildSpec shell(std::string script) { return program({"/bin/sh", "-c", std::move(script)}); }

/// Leaves a chain of processes behind, each of which forks the next in a session of
/// its own and ends, as fast as it can.  All of them hold `descriptor` open.
inline ChildSpec fast_chain(int descriptor) {
  ChildSpec spec = program(
      {MCPCTL_BINARY_DIR "/examples/misbehave", "--mode=chain", "--interval=0", "--linger=20000"});
  spec.descriptors = {{descriptor, 3}};
  spec.parent_death_signal = 0;
  return spec;
}

/// Whether nobody holds the other end of this pipe any more.
inline bool is_let_go(int read_end) {
  pollfd end{read_end, POLLIN, 0};
  return ::poll(&end, 1, 0) == 1;
}

/// Waits for the end of `child` and reaps it.
inline ExitStatus wait_for(const Child& child, std::chrono::milliseconds limit = 10s) {
  pollfd waiter{child.pidfd.get(), POLLIN, 0};
  REQUIRE(::poll(&waiter, 1, static_cast<int>(limit.count())) == 1);
  const auto status = try_reap(child);
  REQUIRE(status);
  REQUIRE(status->has_value());
  return **status;
}

/// Waits until `holds`, asking every few milliseconds.
inline bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit = 5s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// The kernel counts start times in ticks of 10 ms and announces none of them:
/// after this, a new process has another one than all before.
inline void let_start_times_move_on() { std::this_thread::sleep_for(30ms); }

inline std::string read_all(int fd) {
  std::string text;
  char bytes[4096];
  pollfd readable{fd, POLLIN, 0};
  while (::poll(&readable, 1, 10'000) == 1) {
    const ssize_t length = ::read(fd, bytes, sizeof bytes);
    if (length <= 0) break;
    text.append(bytes, static_cast<std::size_t>(length));
  }
  return text;
}

struct Outcome {
  ExitStatus exit;
  std::string output;
};

/// Runs `spec` to its end with its stdout (and stderr) collected.
inline Outcome run(ChildSpec spec) {
  auto pipe = make_pipe(PipeDirection::from_child);
  REQUIRE(pipe);
  spec.descriptors.push_back({pipe->theirs.get(), 1});
  spec.descriptors.push_back({pipe->theirs.get(), 2});
  auto child = spawn::spawn(spec);
  if (!child) FAIL(child.error().message());
  pipe->theirs.reset();
  Outcome outcome;
  outcome.output = read_all(pipe->ours.get());
  outcome.exit = wait_for(*child);
  return outcome;
}

inline SpawnFailure failure_of(const ChildSpec& spec) {
  auto child = spawn::spawn(spec);
  REQUIRE_FALSE(child);
  return child.error();
}

/// A directory of its own, removed at the end.
class Folder {
 public:
  Folder() {
    char path[] = "/tmp/mcpctl-test-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    path_ = path;
    ::chmod(path, 0755);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name = {}) const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  std::string file(const std::string& name, const std::string& text, mode_t mode = 0755) const {
    std::ofstream{path(name)} << text;
    ::chmod(path(name).c_str(), mode);
    return path(name);
  }
  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }
  std::string text_of(const std::string& name) const {
    std::ifstream in{path(name)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

 private:
  std::string path_;
};

inline bool is_root() { return ::geteuid() == 0; }

}  // namespace test
