#include "signals/warden.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "spawn/process_table.h"
#include "tests/unit/signals/guarded.h"

using namespace test;
using signals::run_guarded;
using signals::warden_death_signal;

namespace {

/// Starts a server that nothing but the tree kill would end: it outlives the
/// supervisor's death, and part of it left for a session of its own.
void start_stubborn_server() {
  ChildSpec spec = shell(
      "(setsid sh -c 'trap \"\" TERM; sleep 100 & wait' &); trap '' TERM; "
      "sleep 100 & wait");
  spec.parent_death_signal = 0;
  auto child = spawn::spawn(spec);
  if (!child) ::_exit(99);
}

std::size_t descendants_of(pid_t pid) {
  ProcessTable table;
  REQUIRE(table.refresh());
  std::size_t count = 0;
  std::vector<pid_t> parents{pid};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    for (const auto& link : table.children_of(parents[i])) {
      if (!link.process->is_alive()) continue;
      parents.push_back(link.process->pid);
      ++count;
    }
  }
  return count;
}

char state_of(pid_t pid) {
  ProcessStat stat;
  return read_stat(open_proc().get(), pid, stat) ? stat.state : '-';
}

}  // namespace

TEST_CASE("the supervisor's exit code is passed through") {
  const NoChildLeft check;
  for (const int code : {0, 1, 78, 255}) {
    Process warden{[code] { return run_guarded([code] { return code; }); }};
    CHECK(warden.errors().empty());
    CHECK(warden.exit_code() == code);
  }
}

TEST_CASE("an inherited disregard for SIGCHLD does not cost the exit code") {
  const NoChildLeft check;
  Process warden{[] {
    std::signal(SIGCHLD, SIG_IGN);
    return run_guarded([] { return 7; });
  }};

  CHECK(warden.exit_code() == 7);
}

TEST_CASE("kill -9 of the supervisor leaves nobody within a second, and is reported") {
  const NoChildLeft check;
  const News news;
  Process warden{[&] {
    return run_guarded([&]() -> int {
      start_stubborn_server();
      news.tell(::getpid());
      for (;;) ::pause();
    });
  }};
  const pid_t supervisor = news.hear();
  REQUIRE(eventually([&] { return descendants_of(warden.pid()) == 5; }));

  const auto start = std::chrono::steady_clock::now();
  ::kill(supervisor, SIGKILL);
  const std::string errors = warden.errors();  // until the last process has closed it

  CHECK(std::chrono::steady_clock::now() - start < 1s);
  CHECK(warden.exit_code() == 137);
  CHECK(errors ==
        "mcpctl: the supervisor was killed by signal 9 (Killed); ended 4 remaining processes\n");
}

TEST_CASE("what is left after a normal end is killed too, silently") {
  const NoChildLeft check;
  Process warden{[] {
    return run_guarded([] {
      start_stubborn_server();
      return 3;
    });
  }};

  CHECK(warden.errors().empty());
  CHECK(warden.exit_code() == 3);
}

TEST_CASE("a chain that forks as fast as it can does not outrun the warden") {
  const NoChildLeft check;
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    auto pipe = make_pipe_ends();
    REQUIRE(pipe);
    auto& [held, by_all] = *pipe;
    Process warden{[&] {
      return run_guarded([&] {
        auto server = spawn::spawn(fast_chain(by_all.get()));
        if (!server) return 99;
        wait_for(*server);  // its input is empty; the chain goes on
        return 3;
      });
    }};
    by_all.reset();

    CHECK(warden.exit_code() == 3);
    CHECK(is_let_go(held.get()));
  }
}

TEST_CASE("signals are forwarded to the supervisor") {
  const NoChildLeft check;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) {
    CAPTURE(signal);
    const News news;
    Process warden{[&] {
      return run_guarded([&] {
        sigset_t awaited;
        sigemptyset(&awaited);
        sigaddset(&awaited, signal);
        ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
        news.tell(0);
        int received = 0;
        ::sigwait(&awaited, &received);
        return received;
      });
    }};
    REQUIRE(news.hear() == 0);

    warden.signal(signal);

    CHECK(warden.exit_code() == signal);
  }
}

TEST_CASE("the supervisor has its own group, adopts orphans and may write to the terminal") {
  const NoChildLeft check;
  Process warden{[] {
    return run_guarded([] {
      int is_subreaper = 0;
      ::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
      sigset_t mask;
      ::sigprocmask(SIG_SETMASK, nullptr, &mask);
      if (::getpgrp() != ::getpid()) return 1;
      if (is_subreaper == 0) return 2;
      if (::signal(SIGTTOU, SIG_DFL) != SIG_IGN) return 3;
      for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) {
        if (sigismember(&mask, signal) != 0) return 4;
      }
      return 0;
    });
  }};

  CHECK(warden.exit_code() == 0);
}

TEST_CASE("warden and supervisor may run wherever they might before") {
  const NoChildLeft check;
  cpu_set_t all;
  REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  for (const cpu_set_t& allowed : {all, one}) {
    CAPTURE(CPU_COUNT(&allowed));
    const auto is_as_before = [&allowed] {
      cpu_set_t now;
      return ::sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &allowed);
    };
    Process warden{[&] {
      ::sched_setaffinity(0, sizeof allowed, &allowed);
      const int by_supervisor = run_guarded([&] { return is_as_before() ? 7 : 1; });
      return is_as_before() ? by_supervisor : 2;
    }};
    CHECK(warden.exit_code() == 7);
  }
}

TEST_CASE("the death of the warden is told to the supervisor") {
  const NoChildLeft check;
  const News news;
  Process warden{[&] {
    return run_guarded([&] {
      sigset_t awaited;
      sigemptyset(&awaited);
      sigaddset(&awaited, warden_death_signal());
      ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
      news.tell(0);
      int received = 0;
      ::sigwait(&awaited, &received);
      news.tell(received);
      return 0;
    });
  }};
  REQUIRE(news.hear() == 0);

  warden.signal(SIGKILL);

  CHECK(news.hear() == warden_death_signal());
  CHECK(warden.exit_code() == 137);
  CHECK(eventually([] { return ::waitpid(-1, nullptr, WNOHANG) > 0; }));  // adopted by us
}

TEST_CASE("a child that was there before the warden is spared, and reaped when it ends") {
  const NoChildLeft check;
  const News news;
  Process warden{[&] {
    const pid_t helper = ::fork();
    if (helper == 0) {
      for (;;) ::pause();
    }
    const pid_t brief = ::fork();
    if (brief == 0) ::_exit(0);
    news.tell(helper);
    news.tell(brief);
    return run_guarded([]() -> int {
      start_stubborn_server();
      ::raise(SIGKILL);
      return 0;
    });
  }};
  const pid_t helper = news.hear();
  const pid_t brief = news.hear();

  CHECK(warden.exit_code() == 137);

  CHECK(state_of(brief) == '-');
  REQUIRE(state_of(helper) == 'S');
  ::kill(helper, SIGKILL);
  CHECK(eventually([&] { return ::waitpid(helper, nullptr, WNOHANG) == helper; }));
}

TEST_CASE("Ctrl-Z stops the supervisor and the warden, and both go on together") {
  const NoChildLeft check;
  const News news;
  Process warden{[&] {
    return run_guarded([&] {
      news.tell(::getpid());
      ::pause();
      return 0;
    });
  }};
  const pid_t supervisor = news.hear();

  warden.signal(SIGTSTP);
  int status = 0;
  REQUIRE(eventually([&] { return ::waitpid(warden.pid(), &status, WNOHANG | WUNTRACED) != 0; }));
  CHECK(WIFSTOPPED(status));
  CHECK(eventually([&] { return state_of(supervisor) == 'T'; }));

  warden.signal(SIGCONT);
  CHECK(eventually([&] { return state_of(supervisor) == 'S'; }));
  warden.signal(SIGTERM);
  CHECK(warden.exit_code() == 143);
}

TEST_CASE("the supervisor writes to a terminal that forbids it to background groups") {
  const NoChildLeft check;
  const loop::Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    MESSAGE("skipped: no pseudo-terminals here");
    return;
  }
  char name[64];
  REQUIRE(::ptsname_r(master.get(), name, sizeof name) == 0);

  Process warden{[&] {
    ::setsid();
    const int terminal = ::open(name, O_RDWR);  // becomes the controlling terminal
    termios settings;
    ::tcgetattr(terminal, &settings);
    settings.c_lflag |= TOSTOP;
    ::tcsetattr(terminal, TCSANOW, &settings);
    return run_guarded([terminal] {
      if (::tcgetpgrp(terminal) == ::getpgrp()) return 1;  // not in the background
      return ::write(terminal, "hello", 5) == 5 ? 0 : 2;
    });
  }};

  char text[8] = {};
  pollfd readable{master.get(), POLLIN, 0};
  REQUIRE(::poll(&readable, 1, 5'000) == 1);
  CHECK(::read(master.get(), text, 5) == 5);
  CHECK(std::string(text) == "hello");
  CHECK(warden.exit_code() == 0);
}

TEST_CASE("as PID 1 the warden forwards signals and ends everything") {
  const NoChildLeft check;
  const News news;
  Process outside{[&] {
    return as_pid_1([&] {
      if (::getpid() != 1) return 98;
      return run_guarded([&]() -> int {
        start_stubborn_server();
        ::kill(1, SIGTERM);  // from within the namespace, where PID 1 has no handlers
        for (;;) ::pause();
      });
    });
  }};

  const std::string errors = outside.errors();
  const int code = outside.exit_code();
  if (code == no_namespaces) {
    MESSAGE("skipped: no pid namespaces here");
    return;
  }
  CHECK(code == 143);
  CHECK(errors.starts_with("mcpctl: the supervisor was killed by signal 15 (Terminated); ended "));
}
