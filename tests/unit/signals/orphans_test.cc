#include "signals/orphans.h"

#include "tests/unit/signals/guarded.h"

using namespace test;
using signals::reap_orphans;

namespace {

/// Children that have ended and wait to be reaped.
pid_t zombie() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(4);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  return pid;
}

}  // namespace

TEST_CASE("without children there is nothing to reap") {
  const NoChildLeft check;

  CHECK(reap_orphans([](pid_t) { return false; }) == 0);
}

TEST_CASE("strangers are reaped and a child with an owner is left to it") {
  const NoChildLeft check;
  const pid_t owned = zombie();
  zombie();
  zombie();

  const std::size_t reaped = reap_orphans([&](pid_t pid) { return pid == owned; });

  CHECK(reaped == 2);  // although the owned one hides them
  int status = 0;
  CHECK(::waitpid(owned, &status, 0) == owned);
  CHECK(WEXITSTATUS(status) == 4);
}

TEST_CASE("an owner may reap its child when it is asked") {
  const NoChildLeft check;
  const pid_t owned = zombie();
  zombie();
  int status = 0;

  const std::size_t reaped = reap_orphans([&](pid_t pid) {
    if (pid != owned) return false;
    ::waitpid(owned, &status, 0);
    return true;
  });

  CHECK(reaped == 1);
  CHECK(WEXITSTATUS(status) == 4);
}

TEST_CASE("living children are left alone") {
  const NoChildLeft check;
  auto child = spawn::spawn(program({"/bin/sleep", "100"}));
  REQUIRE(child);
  zombie();

  CHECK(reap_orphans([](pid_t) { return false; }) == 1);

  ::kill(child->pid, SIGKILL);
  CHECK(wait_for(*child).signal == SIGKILL);
}

TEST_CASE("five hundred that end at once are all reaped") {
  const NoChildLeft check;
  const pid_t owned = zombie();
  for (int i = 0; i < 500; ++i) zombie();

  const auto start = std::chrono::steady_clock::now();
  CHECK(reap_orphans([&](pid_t pid) { return pid == owned; }) == 500);

  CHECK(std::chrono::steady_clock::now() - start < 1s);
  ::waitpid(owned, nullptr, 0);
}
