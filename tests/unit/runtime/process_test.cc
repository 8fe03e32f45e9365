#include "runtime/process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include "loop/signal.h"
#include "runtime/tree_watch.h"
#include "tests/unit/children.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::adopt_orphans;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

/// A shell script with all its pipes.
struct Piped {
  explicit Piped(const std::string& script, Process::Wiring wiring = {.stdin_pipe = true}) {
    adopt_orphans();
    loop::ignore_sigpipe();
    spawn::ChildSpec spec;
    spec.name = "piped";
    spec.file = "/bin/sh";
    spec.argv = {"sh", "-c", script};
    spec.cwd = "/tmp";
    spec.env = {"PATH=/usr/bin:/bin"};
    Process::Callbacks callbacks;
    callbacks.on_stdout = [this](std::string_view bytes) { out += bytes; };
    callbacks.on_stdout_end = [this] { ++ends; };
    callbacks.on_stderr = [this](std::string_view bytes) { err += bytes; };
    callbacks.on_stderr_end = [this] { ++ends; };
    callbacks.on_notify = [this](std::string_view bytes) { notified += bytes; };
    callbacks.on_exit = [this](const supervisor::ExitStatus& how) {
      ++exits;
      status = how;
      out_at_exit = out;
    };
    auto started =
        Process::start(loop, std::move(spec), wiring, "cookie", nullptr, std::move(callbacks));
    REQUIRE(started.has_value());
    process = std::move(*started);
  }
  ~Piped() {
    ::kill(-process->pid(), SIGKILL);
    static_cast<void>(until([this] { return exits > 0; }));
    while (::waitpid(-1, nullptr, 0) > 0) {  // its orphans came to us
    }
  }

  bool until(const std::function<bool()>& condition) { return poll_until(loop, condition); }

  loop::Loop loop;
  std::string out, err, notified, out_at_exit;
  int ends{0}, exits{0};
  supervisor::ExitStatus status;
  std::unique_ptr<Process> process;
};

}  // namespace

TEST_CASE("what is written to a process comes back, and the end of its input ends it") {
  Piped cat{"cat; echo bye >&2; exit 7"};

  CHECK(cat.process->write("hello\n") == loop::Written::accepted);
  REQUIRE(cat.until([&] { return cat.out == "hello\n"; }));
  cat.process->close_stdin();

  REQUIRE(cat.until([&] { return cat.exits == 1 && cat.ends == 2; }));
  CHECK(cat.status.code == 7);
  CHECK(cat.err == "bye\n");
  CHECK(cat.process->write("too late") == loop::Written::closed);
}

TEST_CASE("all that was written before the exit is handed out before it is told") {
  Piped talker{"head -c 60000 /dev/zero"};

  REQUIRE(talker.until([&] { return talker.exits == 1; }));

  CHECK(talker.out_at_exit.size() == 60'000);
}

TEST_CASE("a process that closes its stdin breaks no pipe of ours") {
  Piped closer{"exec <&-; echo closed; sleep 60"};
  REQUIRE(closer.until([&] { return closer.out == "closed\n"; }));

  static_cast<void>(closer.process->write("nobody reads this\n"));
  turn_for(closer.loop, Duration{50});

  CHECK(closer.process->write("nor this\n") == loop::Written::closed);
  CHECK(closer.exits == 0);
}

TEST_CASE("a process that reads nothing fills its queue, and then no message is cut") {
  Piped deaf{"sleep 60"};
  const std::string message(1u << 20, 'x');

  int taken = 0;
  while (taken < 100 && deaf.process->write(message) == loop::Written::accepted) ++taken;

  CHECK(taken >= 16);
  CHECK(taken < 100);
  CHECK(deaf.process->write(message) == loop::Written::full);
}

TEST_CASE("while paused nothing is read, and nothing is lost") {
  Piped talker{"i=0; while [ $i -lt 100 ]; do echo 12345678; i=$((i+1)); done; sleep 60"};
  talker.process->pause_stdout(true);
  turn_for(talker.loop, Duration{100});
  CHECK(talker.out.empty());

  talker.process->pause_stdout(false);

  CHECK(talker.until([&] { return talker.out.size() == 900; }));
}

TEST_CASE("a paused process's last words are handed out at its exit") {
  Piped talker{"echo out; echo err >&2"};
  talker.process->pause_stdout(true);
  talker.process->pause_stderr(true);

  REQUIRE(talker.until([&] { return talker.exits == 1; }));

  CHECK(talker.out == "out\n");
  CHECK(talker.err == "err\n");
}

TEST_CASE("pipes that a grandchild holds are let go half a second after the exit") {
  Piped parent{"sleep 60 & exit 0"};
  REQUIRE(parent.until([&] { return parent.exits == 1; }));
  CHECK(parent.ends == 0);

  CHECK(parent.until([&] { return parent.ends == 2; }));
  ::kill(-parent.process->pid(), SIGKILL);
  turn_for(parent.loop, Duration{20});
  CHECK(::waitpid(-1, nullptr, 0) > 0);  // the orphan, which we adopted
}

TEST_CASE("a newline on the notify descriptor is heard") {
  Piped ready{"echo >&7; sleep 60", {.stdin_pipe = false, .notify_fd = 7}};

  CHECK(ready.until([&] { return ready.notified == "\n"; }));
}

TEST_CASE("a process that dies of a signal is told so, once") {
  Piped victim{"exec sleep 60"};
  ::kill(victim.process->pid(), SIGKILL);

  REQUIRE(victim.until([&] { return victim.exits == 1; }));
  victim.process->check_exit();

  CHECK(victim.exits == 1);
  CHECK(victim.status.signal == SIGKILL);
}
