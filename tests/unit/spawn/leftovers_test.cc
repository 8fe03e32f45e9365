#include "spawn/leftovers.h"

#include <csignal>

#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

const SupervisorInstance ourselves = SupervisorInstance::current();

/// A supervisor of this boot that is no more.
SupervisorInstance dead_supervisor() {
  SupervisorInstance instance = ourselves;
  --instance.start_time;  // our pid, another process
  return instance;
}

Child orphan(const Cookie& cookie, std::string script = "exec sleep 100") {
  ChildSpec spec = shell(std::move(script));
  spec.env.push_back("MCPCTL_ID=" + to_string(cookie));
  auto child = spawn::spawn(spec);
  if (!child) FAIL(child.error().message());
  return std::move(*child);
}

std::size_t found(std::string_view fleet, std::span<const LeaderRecord> records = {}) {
  ProcessTable table;
  REQUIRE(table.refresh());
  return find_leftovers(fleet, records, table, ourselves).size();
}

void end(const Child& child) {
  ::kill(-child.pid, SIGKILL);
  wait_for(child);
}

}  // namespace

TEST_CASE("what a dead supervisor of this fleet left is found and killed with its descendants") {
  const NoChildLeft check;
  const Cookie cookie{"left", "github", {1}, dead_supervisor()};
  const Child child = orphan(cookie, "env -i setsid sleep 100 & wait");
  REQUIRE(eventually([] { return found("left") == 2; }));

  ProcessTable table;
  CHECK(eventually([&] {
    REQUIRE(table.refresh());
    return kill_leftovers("left", {}, table, ourselves).found == 0;
  }));

  CHECK(wait_for(child).signal == SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("another fleet's, a live supervisor's and what cannot be judged is spared") {
  const NoChildLeft check;
  SupervisorInstance elsewhere = dead_supervisor();
  ++elsewhere.pid_namespace;
  SupervisorInstance before_boot = dead_supervisor();
  before_boot.boot_id = "another";
  const auto parent = [] {  // a live process that is not us
    SupervisorInstance instance = ourselves;
    ProcessStat stat;
    REQUIRE(read_stat(open_proc().get(), ::getppid(), stat));
    instance.pid = stat.pid;
    instance.start_time = stat.start_time;
    return instance;
  }();
  const Child spared[] = {
      orphan({"other", "github", {1}, dead_supervisor()}),
      orphan({"left", "github", {1}, ourselves}), orphan({"left", "github", {1}, parent}),
      orphan({"left", "github", {1}, elsewhere}), orphan({"left", "github", {1}, before_boot})};
  const Child doomed = orphan({"left", "github", {1}, dead_supervisor()});

  CHECK(eventually([] { return found("left") == 1; }));
  CHECK(found("lef") == 0);

  end(doomed);
  for (const Child& child : spared) end(child);
}

TEST_CASE("a recorded leader without a readable cookie is found, a recycled pid is not") {
  const NoChildLeft check;
  auto child = spawn::spawn(program({"/bin/sleep", "100"}));  // as if it overwrote its environment
  REQUIRE(child);
  ProcessStat stat;
  REQUIRE(read_stat(open_proc().get(), child->pid, stat));
  const std::string cookie = to_string(Cookie{"left", "github", {1}, dead_supervisor()});
  const LeaderRecord record{child->pid, stat.start_time, ourselves.boot_id, cookie};
  LeaderRecord recycled = record;
  --recycled.start_time;
  LeaderRecord rebooted = record;
  rebooted.boot_id = "another";

  CHECK(found("left", {&record, 1}) == 1);
  CHECK(found("left", {&recycled, 1}) == 0);
  CHECK(found("left", {&rebooted, 1}) == 0);

  end(*child);
}
