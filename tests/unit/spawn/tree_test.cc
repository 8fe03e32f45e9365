#include "spawn/tree.h"

#include <sched.h>
#include <sys/mount.h>

#include <csignal>

#include "spawn/environment.h"
#include "spawn/usage.h"
#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

/// A server with its tree, and the table and the reaping that a supervisor has.
struct Server {
  explicit Server(const std::string& script, Cgroup* cgroup = nullptr)
      : Server(shell(script), cgroup) {}
  explicit Server(ChildSpec spec, Cgroup* cgroup = nullptr) {
    static std::uint32_t incarnation = 0;
    const Cookie cookie{"test", "server", {++incarnation}, SupervisorInstance::current()};
    spec.env.push_back(std::string(cookie_variable) + "=" + to_string(cookie));
    const loop::Fd group = cgroup != nullptr ? cgroup->open() : loop::Fd{};
    if (group) spec.cgroup = group.get();
    auto child = spawn::spawn(spec);
    if (!child) FAIL(child.error().message());
    tree.emplace(std::move(*child), to_string(cookie), cgroup);
    tree->note_start();
  }

  void reap() {
    if (!is_reaped) {
      const auto status = try_reap(tree->leader());
      is_reaped = !status || status->has_value();
    }
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
           (is_reaped || info.si_pid != tree->leader().pid)) {
      ::waitpid(info.si_pid, nullptr, 0);
      info = {};
    }
  }
  std::size_t size() {
    REQUIRE(table.refresh());
    return tree->members(table).size();
  }
  bool is_empty() {
    REQUIRE(table.refresh());
    reap();
    return tree->is_empty(table);
  }
  bool has(std::size_t count) {
    return eventually([&] { return size() == count; });
  }
  /// Kill rounds until nothing is left; how long it took.
  std::chrono::milliseconds kill() {
    const auto start = std::chrono::steady_clock::now();
    CHECK(eventually(
        [&] {
          if (is_empty()) return true;
          tree->kill_round(table);
          Tree* const killed[]{&*tree};
          chase(killed, table);
          return false;
        },
        2s));
    CHECK(eventually([&] {
      reap();
      return !has_children();
    }));
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }

  ProcessTable table;
  std::optional<Tree> tree;
  bool is_reaped{false};
};

}  // namespace

TEST_CASE("a tree is empty when its last process has ended, and stays so") {
  const NoChildLeft check;
  Server server{"exit 0"};

  wait_for(server.tree->leader());
  server.is_reaped = true;

  CHECK(server.is_empty());
  CHECK(server.tree->kill_round(server.table) == 0);
}

TEST_CASE("the whole of a shell with background jobs is killed") {
  const NoChildLeft check;
  Server server{"sleep 100 & sleep 100 & wait"};
  REQUIRE(server.has(3));

  server.kill();

  CHECK(server.is_empty());
}

TEST_CASE("a tree lives on in its group after the leader has ended and was reaped") {
  const NoChildLeft check;
  Server server{"sleep 100 & sleep 100 & exit 3"};
  wait_for(server.tree->leader());
  server.is_reaped = true;

  CHECK_FALSE(server.is_empty());
  CHECK(server.size() == 2);

  server.kill();
}

TEST_CASE("a double-forked daemon in a session of its own is found and killed") {
  const NoChildLeft check;
  Server server{"(setsid sh -c 'setsid sleep 100 & exec sleep 100' &) ; exec sleep 100"};
  REQUIRE(server.has(3));
  server.tree->signal(SIGTERM, server.table);
  ::kill(server.tree->leader().pid, SIGKILL);

  server.kill();
}

TEST_CASE("a daemon that outlived its leader is found by its cookie alone") {
  const NoChildLeft check;
  Server server{"setsid sh -c 'setsid sleep 100 & exit' & sleep 0.2; exit 0"};
  wait_for(server.tree->leader());
  server.is_reaped = true;
  REQUIRE(server.has(1));  // the first look at it: never seen as a descendant

  server.kill();
}

TEST_CASE("a daemon that dropped its cookie is known from an earlier look") {
  const NoChildLeft check;
  Server server{"env -i setsid -w sh -c 'sleep 100; true' & wait"};
  REQUIRE(server.has(3));
  ::kill(server.tree->leader().pid, SIGKILL);

  REQUIRE(eventually([&] {
    server.reap();
    return server.is_reaped;
  }));
  CHECK(server.has(2));

  server.kill();
}

TEST_CASE("chains that fork a replacement in a new session and exit are killed within a second") {
  const NoChildLeft check;
  const Folder folder;
  const std::string chain = folder.file("chain", "#!/bin/sh\nsetsid \"$0\" &\n");
  Server server{"for i in 1 2 3 4; do " + chain + " & done; sleep 100"};
  REQUIRE(eventually([&] { return server.size() >= 4; }));

  const auto taken = server.kill();

  CHECK(taken < 1s);
}

TEST_CASE("a chain that forks as fast as it can is not called empty, and is killed") {
  const NoChildLeft check;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    auto pipe = make_pipe_ends();
    REQUIRE(pipe);
    auto& [held, by_all] = *pipe;
    Server server{fast_chain(by_all.get())};
    by_all.reset();
    wait_for(server.tree->leader());  // its stdin is empty
    server.is_reaped = true;
    for (int look = 0; look < 50; ++look) {
      REQUIRE_FALSE(server.is_empty());
      server.reap();
    }

    server.kill();

    CHECK(is_let_go(held.get()));
  }
}

TEST_CASE("TERM reaches every member, and CONT after it those that are stopped") {
  const NoChildLeft check;
  const Folder folder;
  const auto trapping = [](const std::string& file) {
    return "trap 'touch " + file + "; exit' TERM; touch armed-" + file +
           "; while :; do sleep 0.01; done";
  };
  folder.file("far.sh", trapping("far"));
  Server server{"cd " + folder.path() + "; setsid sh far.sh & " + trapping("near")};
  REQUIRE(eventually([&] { return folder.has("armed-near") && folder.has("armed-far"); }));
  REQUIRE(server.size() >= 2);
  server.tree->signal(SIGSTOP, server.table);

  REQUIRE(server.table.refresh());
  server.tree->signal(SIGTERM, server.table);

  CHECK(eventually([&] { return server.is_empty(); }));
  CHECK(folder.has("near"));
  CHECK(folder.has("far"));
  server.kill();
}

TEST_CASE("two trees do not touch each other") {
  const NoChildLeft check;
  Server doomed{"sleep 100 & setsid sleep 100 & wait"};
  Server spared{"sleep 100 & setsid sleep 100 & wait"};
  REQUIRE(doomed.has(3));
  REQUIRE(spared.has(3));

  const auto is_dead = [&] {
    REQUIRE(doomed.table.refresh());
    doomed.tree->kill_round(doomed.table);
    return doomed.size() == 0;
  };
  CHECK(eventually(is_dead));

  CHECK(spared.size() == 3);
  wait_for(doomed.tree->leader());
  doomed.is_reaped = true;
  spared.kill();
}

TEST_CASE("survivors are named by pid and command") {
  const NoChildLeft check;
  Server server{program({"/bin/sleep", "100"})};
  const std::vector<std::string> expected{std::to_string(server.tree->leader().pid) +
                                          " (/bin/sleep 100)"};

  // A moment ago it was still in its exec.
  CHECK(eventually([&] {
    REQUIRE(server.table.refresh());
    return server.tree->survivors(server.table) == expected;
  }));

  server.kill();
}

TEST_CASE("memory and processor time are those of the tree, for all trees at once") {
  const NoChildLeft check;
  Server idle{"exec sleep 100"};
  Server busy{"i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 100 & wait"};
  REQUIRE(busy.has(2));
  REQUIRE(idle.has(1));

  Tree* const trees[] = {&*idle.tree, &*busy.tree};
  REQUIRE(busy.table.refresh());
  const auto usages = measure(trees, busy.table);

  REQUIRE(usages.size() == 2);
  CHECK(usages[0].processes == 1);
  CHECK(usages[0].memory_bytes > 100'000);
  CHECK(usages[0].memory_bytes < 100'000'000);
  CHECK(usages[0].cpu < 20ms);
  CHECK(usages[1].processes == 2);
  CHECK(usages[1].cpu >= 20ms);
  CHECK(usages[1].cpu < 60s);
  idle.tree->kill_round(busy.table);
  wait_for(idle.tree->leader());
  busy.kill();
}

TEST_CASE(
    "a recycled pid is spared: neither leader, session nor group of a stranger is signalled") {
  if (!is_root()) {
    MESSAGE("skipped: needs root for a pid namespace");
    return;
  }
  const NoChildLeft check;
  // In a pid namespace of its own one may choose the next pid.
  const pid_t outside = ::fork();
  if (outside == 0) {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(77);
    const pid_t init = ::fork();
    if (init != 0) {
      int status = 0;
      ::waitpid(init, &status, 0);
      ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
    }
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) ::_exit(77);
    const auto next_pid = [](pid_t pid) {
      std::ofstream{"/proc/sys/kernel/ns_last_pid"} << pid - 1;
    };

    Server server{"exit 0"};
    const pid_t number = server.tree->leader().pid;
    pollfd gone{server.tree->leader().pidfd.get(), POLLIN, 0};
    ::poll(&gone, 1, 5'000);
    server.reap();
    // Not asked since: the tree does not know yet that it is empty.
    let_start_times_move_on();
    next_pid(number);
    auto stranger = spawn::spawn(shell("sleep 100 & wait"));
    if (!stranger || stranger->pid != number) ::_exit(2);
    const bool has_child = eventually(
        [&] { return server.table.refresh() && server.table.session(number).size() == 2; });
    if (!has_child) ::_exit(3);

    if (!server.tree->members(server.table).empty()) ::_exit(4);
    server.tree->signal(SIGTERM, server.table);
    server.tree->kill_round(server.table);
    pollfd alive{stranger->pidfd.get(), POLLIN, 0};
    if (::poll(&alive, 1, 100) != 0) ::_exit(5);
    // And its orphans, when the stranger has gone too and only its session is left.
    ::kill(stranger->pid, SIGKILL);
    ::waitpid(stranger->pid, nullptr, 0);
    if (!server.table.refresh()) ::_exit(6);
    const auto orphans = server.table.session(number);
    if (orphans.size() != 1) ::_exit(7);
    ::_exit(0);
  }

  int status = 0;
  ::waitpid(outside, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == 77) {
    MESSAGE("skipped: no pid namespaces here");
  } else {
    CHECK(code == 0);
  }
}
