// Process numbers are used again.  In a pid namespace the test chooses who gets which.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

/// PID 1 of the namespace: runs mcpctl; once the file `number` is there, gives that
/// process number to a stranger; writes what became of it to `verdict` when asked.
constexpr const char* stage = R"sh(
"$@" & first=$!; echo $first >first
until [ -s number ]; do sleep 0.02; done
sleep 0.02  # whose wait reaps the one that had the number
echo $(($(cat number) - 1)) >/proc/sys/kernel/ns_last_pid
sleep 300 & stranger=$!; echo $stranger >made.tmp; mv made.tmp made
until [ -s again ]; do sleep 0.02; done
wait $first
if grep -q run again; then "$@" & wait $!; fi
if kill -0 $stranger; then echo alive; else echo dead; fi >verdict
kill -9 $stranger
)sh";

/// As the shell's `kill` in there, by the numbers of the namespace.
void signal_inside(Fleet& fleet, pid_t inside, int signal) {
  const auto pids = pids_in_namespace_of(children_of(fleet.program().pid()).front().pid);
  const auto found = pids.find(inside);
  REQUIRE(found != pids.end());
  ::kill(found->second, signal);
}

pid_t number_in(const std::string& file) {
  REQUIRE(eventually([&] { return !read_file(file).empty(); }));
  return std::stoi(read_file(file));
}

bool can_choose_pids() {
  return ::access("/proc/sys/kernel/ns_last_pid", W_OK) == 0 && may_make_namespaces();
}

void start_on_stage(Fleet& fleet) {
  fleet.start(
      {}, {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", stage, "sh"});
}

}  // namespace

TEST_CASE("a stranger that got a dead server's number is never signalled") {
  if (!can_choose_pids()) {
    MESSAGE("skipped: needs a pid namespace and CONFIG_CHECKPOINT_RESTORE");
    return;
  }
  Json ours = quick();
  ours["defaults"]["backoff"] = {{"initial", "5m"}, {"max", "5m"}};
  Fleet fleet{Json{{"dying", misbehaving({"ready-then-die"})}, {"other", misbehaving({})}}, ours};
  start_on_stage(fleet);
  fleet.await("dying", "backoff");
  fleet.await("other", "ready");
  pid_t dead = 0;  // by the number that the fleet knew it by
  for (const Json& transition : fleet.transitions()) {
    if (transition["server"] == "dying" && transition["pid"].is_number())
      dead = transition["pid"].get<pid_t>();
  }
  REQUIRE(dead > 1);

  write_file(fleet.file("number"), std::to_string(dead));
  REQUIRE(number_in(fleet.file("made")) == dead);
  for (const char* command : {"kill", "stop", "restart", "stop"}) {
    fleet.request("POST", std::string{"/api/v1/servers/dying/"} + command);
  }
  write_file(fleet.file("again"), "no");
  signal_inside(fleet, number_in(fleet.file("first")), SIGTERM);

  CHECK(fleet.program().wait().has_value());
  CHECK(read_file(fleet.file("verdict")) == "alive\n");
}

TEST_CASE("after a death of both, the next start spares who got a recorded number") {
  if (!can_choose_pids()) {
    MESSAGE("skipped: needs a pid namespace and CONFIG_CHECKPOINT_RESTORE");
    return;
  }
  Fleet fleet{Json{{"recorded", misbehaving({})}}, quick()};
  start_on_stage(fleet);
  fleet.await("recorded", "ready");
  const pid_t recorded = fleet.pid("recorded");
  const std::string state =
      fleet.file("run/mcpctl/" + fleet.name() + ".state/" + fleet.name() + ".state.json");
  REQUIRE(eventually(
      [&] { return read_file(state).find(std::to_string(recorded)) != std::string::npos; }));

  // The warden first, but stopped: it must not clean up.
  const pid_t warden = number_in(fleet.file("first"));
  const auto pids = pids_in_namespace_of(children_of(fleet.program().pid()).front().pid);
  const std::vector<Process> supervisors = children_of(pids.at(warden));
  REQUIRE(supervisors.size() == 1);
  signal_inside(fleet, warden, SIGSTOP);
  ::kill(supervisors.front().pid, SIGKILL);
  signal_inside(fleet, warden, SIGKILL);
  REQUIRE(eventually([&] { return fleet.processes().empty(); }));
  write_file(fleet.file("number"), std::to_string(recorded));
  REQUIRE(number_in(fleet.file("made")) == recorded);

  write_file(fleet.file("again"), "run");
  fleet.await("recorded", "ready");
  CHECK(fleet.pid("recorded") != recorded);
  CHECK(fleet.control({"down", "--fleet", fleet.name()}).exit_code == 0);
  CHECK(fleet.program().wait().has_value());
  CHECK(read_file(fleet.file("verdict")) == "alive\n");
}
