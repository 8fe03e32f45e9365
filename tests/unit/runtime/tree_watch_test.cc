#include "runtime/tree_watch.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "runtime/check_runner.h"
#include "runtime/process.h"
#include "spawn/cgroup.h"
#include "spawn/cookie.h"
#include "tests/unit/children.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::runtime;
using mcpctl::testing::adopt_orphans;
using mcpctl::testing::has_children;
using mcpctl::testing::poll_until;
using mcpctl::testing::turn_for;

namespace {

std::string cookie_of(const std::string& server) {
  return spawn::to_string(
      {"tree-watch-test", server, Incarnation{1}, spawn::SupervisorInstance::current()});
}

/// A shell script whose exit the tree watch is told of.
struct Script {
  Script(loop::Loop& loop, TreeWatch& watch, const std::string& name, const std::string& script,
         spawn::Cgroup* group = nullptr)
      : trees(watch) {
    adopt_orphans();
    spawn::ChildSpec spec;
    spec.name = name;
    spec.file = "/bin/sh";
    spec.argv = {"sh", "-c", script};
    spec.cwd = "/tmp";
    const std::string cookie = cookie_of(name);
    spec.env = {std::string{spawn::cookie_variable} + "=" + cookie, "PATH=/usr/bin:/bin"};
    Process::Callbacks callbacks;
    callbacks.on_exit = [this](const supervisor::ExitStatus&) {
      exited = true;
      trees.remove_child(process->pid());
    };
    auto started = Process::start(loop, std::move(spec), {}, cookie, group, std::move(callbacks));
    REQUIRE(started.has_value());
    process = std::move(*started);
    trees.add_child(process->pid(), [this] { process->check_exit(); });
  }
  ~Script() { trees.forget(process->tree()); }

  TreeWatch& trees;
  std::unique_ptr<Process> process;
  bool exited{false};
};

}  // namespace

TEST_CASE("a tree watch may go while the loop still has its posts") {
  loop::Loop loop;
  {
    TreeWatch trees{loop};
    static_cast<void>(trees.table());
  }
  loop.run_ready();
}

TEST_CASE("a tree is over when the leader's orphans are gone, too") {
  loop::Loop loop;
  {
    TreeWatch trees{loop};
    Script script{loop, trees, "orphans", "sleep 60 & exit 0"};
    bool ended = false;
    REQUIRE(poll_until(loop, [&] { return script.exited; }));

    CHECK_FALSE(trees.is_empty(script.process->tree()));
    trees.await_end(script.process->tree(), [&] { ended = true; });
    turn_for(loop, Duration{50});
    CHECK_FALSE(ended);
    trees.kill(script.process->tree());

    CHECK(poll_until(loop, [&] { return ended; }));
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("an end that an older snapshot does not show is noticed without another signal") {
  loop::Loop loop;
  TreeWatch trees{loop};
  Script script{loop, trees, "stale", "exec sleep 60"};
  const pid_t pid = script.process->pid();

  static_cast<void>(trees.table());  // it lives in this one
  struct sigaction watched{};
  struct sigaction unheard{};
  unheard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &unheard, &watched);  // as if its signal was merged with an earlier one
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  ::sigaction(SIGCHLD, &watched, nullptr);
  script.process->check_exit();
  REQUIRE(script.exited);
  bool ended = trees.is_empty(script.process->tree());
  if (!ended) trees.await_end(script.process->tree(), [&] { ended = true; });

  CHECK(poll_until(loop, [&] { return ended; }));
}

TEST_CASE("a control group that is empty only later is noticed without a signal") {
  loop::Loop loop;
  auto groups = spawn::FleetCgroup::create("tree watch");
  if (!groups) {
    MESSAGE("skipped: " << groups.error().message);
    return;
  }
  auto group = groups->incarnation_of("late");
  REQUIRE(group.has_value());
  // Somebody else's child, so that its end is no signal to us.
  FILE* const stranger = ::popen("sleep 60 & echo $! $$; exec sleep 60", "r");
  REQUIRE(stranger != nullptr);
  pid_t inside = 0;
  pid_t outside = 0;
  REQUIRE(std::fscanf(stranger, "%d %d", &inside, &outside) == 2);
  {
    TreeWatch trees{loop};
    Script script{loop, trees, "late", "exit 0", &*group};
    std::ofstream{groups->path() + "/late/cgroup.procs"} << inside << std::flush;
    REQUIRE(poll_until(loop, [&] { return script.exited; }));
    bool ended = false;
    trees.await_end(script.process->tree(), [&] { ended = true; });
    loop.run_ready();
    CHECK_FALSE(ended);

    const loop::Fd end{static_cast<int>(::syscall(SYS_pidfd_open, inside, 0))};
    ::kill(inside, SIGKILL);
    pollfd ended_now{end.get(), POLLIN, 0};
    REQUIRE(::poll(&ended_now, 1, 5'000) == 1);
    CHECK(poll_until(loop, [&] { return ended; }));
  }
  ::kill(outside, SIGKILL);
  ::pclose(stranger);
  ::waitpid(inside, nullptr, 0);  // ours now, if we adopt orphans
}

TEST_CASE("a forgotten tree is not told of any more") {
  loop::Loop loop;
  TreeWatch trees{loop};
  Script script{loop, trees, "forgotten", "exec sleep 60"};
  bool told = false;

  trees.await_end(script.process->tree(), [&] { told = true; });
  trees.kill(script.process->tree());
  trees.forget(script.process->tree());

  CHECK(poll_until(loop, [&] { return script.exited; }));
  turn_for(loop, Duration{50});
  CHECK_FALSE(told);
}

TEST_CASE("a check that is given up ends before its tree watch, and nothing of it is left") {
  loop::Loop loop;
  {
    TreeWatch trees{loop};
    CheckRunner runner{loop, trees};
    CheckTarget target;
    target.command = {"/bin/sh", "-c", "trap '' TERM; sleep 60 & sleep 60"};
    target.cwd = "/tmp";
    target.cookie = cookie_of("given-up");
    target.env = {std::string{spawn::cookie_variable} + "=" + target.cookie, "PATH=/usr/bin:/bin"};
    runner.begin(health::Check::exec, target, Duration{10'000},
                 [](bool, const std::string&) { CHECK(false); });
    turn_for(loop, Duration{100});
    runner.abandon();
  }
  loop.run_ready();
  CHECK_FALSE(has_children());
}
