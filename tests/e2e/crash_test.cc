// Servers that die: restarted, given up with their last words, or never started at
// all, each with a reason that an operator can act on.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

bool contains(const Json& text, const std::string& part) {
  return text.is_string() && text.get<std::string>().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a server that was killed comes back as a new process, its helpers gone") {
  const auto before = with_and_without_control_groups();
  Fleet fleet{
      Json{{"victim", misbehaving({"daemon", "session-child"})}, {"other", misbehaving({})}},
      quick()};
  fleet.start({}, before);
  fleet.await_all("ready");
  const pid_t first = fleet.pid("victim");
  const pid_t bystander = fleet.pid("other");
  const std::vector<Process> old = fleet.processes_of("victim");
  REQUIRE(old.size() == 3);

  ::kill(first, SIGKILL);
  fleet.await_restart("victim", first);

  const Json status = fleet.server("victim");
  CHECK(status["restarts"] == 1);
  CHECK(status["incarnation"] == 2);
  CHECK(status["last_exit"]["signal"] == "SIGKILL");
  for (const Process& process : old) CHECK_FALSE(is_alive(process.pid));
  CHECK(fleet.pid("other") == bystander);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a grandchild that holds the pipes delays no restart, and is gone before it") {
  Fleet fleet{Json::object(), quick()};
  const std::string pids = fleet.file("pids");
  fleet.servers()["holder"] = misbehaving({"hold-stdout", "--count=3", "--pids=" + pids});
  fleet.write();
  fleet.start();
  fleet.await("holder", "ready");
  const pid_t first = fleet.pid("holder");
  const std::vector<pid_t> grandchildren = fleet.made(pids, "holder");
  REQUIRE(grandchildren.size() == 3);

  const auto start = Clock::now();
  ::kill(first, SIGKILL);
  fleet.await_restart("holder", first);

  CHECK(since(start) < soon);
  for (const pid_t pid : grandchildren) CHECK_FALSE(is_alive(pid));
  CHECK(fleet.server("holder")["restarts"] == 1);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("each kind of end is named for what it is") {
  const Json never{{"restart", "never"}};
  const Json on_failure{{"restart", "on-failure"}};
  Fleet fleet{Json{{"segfault", misbehaving({"ready-then-die"})},
                   {"crash", companion({"crash", "--after=50"}, never)},
                   {"success", companion({"exit", "--after=50", "--code=0"}, on_failure)},
                   {"bad-config", companion({"exit", "--after=50", "--code=78"})}},
              quick()};
  // A sanitizer in the server would catch the signal before the kernel acts on it.
  fleet.servers()["crash"]["env"] = {{"ASAN_OPTIONS", "handle_segv=0"}};
  fleet.write();

  fleet.start();
  fleet.await("crash", "failed");
  fleet.await("success", "completed");
  fleet.await("bad-config", "failed");

  CHECK(fleet.server("crash")["last_exit"]["signal"] == "SIGSEGV");
  CHECK(contains(fleet.server("crash")["why"], "restart policy is never"));
  CHECK(fleet.server("success")["last_exit"]["code"] == 0);
  CHECK(contains(fleet.server("bad-config")["why"], "exit code 78 (configuration error)"));
  CHECK(fleet.server("bad-config")["restarts"] == 0);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a crash loop ends in failed, with the last words in ps") {
  const Json loop{{"crashLoop", {{"failures", 3}, {"window", "1m"}, {"retry", "0s"}}}};
  Fleet fleet{Json{{"broken", misbehaving({"log-line", "--text=cannot open the database",
                                           "exit-in-handshake", "--code=3"},
                                          loop)},
                   {"flapping", misbehaving({"ready-then-die", "--after=20"}, loop)},
                   {"good", misbehaving({})}},
              quick()};

  fleet.start();
  fleet.await("broken", "failed");
  fleet.await("flapping", "failed");
  fleet.await("good", "ready");

  const Json status = fleet.server("broken");
  CHECK(contains(status["why"], "gave up after 3 failed starts"));
  CHECK(status["last_exit"]["code"] == 3);
  CHECK(contains(status["stderr_tail"].back(), "cannot open the database"));
  CHECK(fleet.processes_of("broken").empty());
  const Outcome ps = fleet.control({"ps"});
  CHECK(ps.out.find("gave up after 3 failed starts") != std::string::npos);
  CHECK(ps.out.find("cannot open the database") != std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("reset gives a failed server another chance") {
  Fleet fleet{Json{{"broken", misbehaving({"exit-in-handshake", "--code=78"})}}, quick()};
  fleet.start();
  fleet.await("broken", "failed");
  const auto first = fleet.server("broken")["incarnation"].get<int>();

  const Outcome reset = fleet.control({"reset", "broken"});

  CAPTURE(reset.err);
  CHECK(eventually([&] { return fleet.server("broken")["incarnation"].get<int>() > first; }));
  fleet.await("broken", "failed");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("what cannot be executed fails at once and says which step failed and why") {
  const Json process{{"kind", "process"}};
  Fleet fleet{Json::object(), quick()};
  write_file(fleet.file("plain.txt"), "not a program\n");
  write_file(fleet.file("noexec"), "not a program either\n");
  ::chmod(fleet.file("noexec").c_str(), 0755);
  write_file(fleet.file("script"), "#!/no/such/interpreter\n");
  ::chmod(fleet.file("script").c_str(), 0755);
  Json& servers = fleet.servers();
  servers["missing"] = {{"command", "no-such-command"}};
  servers["absent"] = {{"command", "./absent"}};
  servers["plain"] = {{"command", "./plain.txt"}};
  servers["noexec"] = {{"command", "./noexec"}};
  servers["script"] = {{"command", "./script"}};
  servers["folder"] = {{"command", "sleep"}, {"args", {"60"}}, {"cwd", "no/such/folder"}};
  fleet.write();

  fleet.start();
  fleet.await_all("failed");

  const auto expect = [&fleet](const std::string& server, const std::vector<std::string>& parts) {
    const Json status = fleet.server(server);
    const std::string why = status["why"].get<std::string>();
    CAPTURE(server);
    CAPTURE(why);
    for (const std::string& part : parts) CHECK(why.find(part) != std::string::npos);
    CHECK(status["pid"].is_null());
    CHECK(status["incarnation"] == 1);  // no fast retry
  };
  expect("missing", {"cannot start missing: no-such-command not found in PATH="});
  expect("absent", {"cannot start absent: ", "/absent: No such file or directory"});
  expect("plain", {"cannot start plain: ", "/plain.txt: Permission denied"});
  expect("noexec", {"cannot start noexec: exec ", "/noexec: Exec format error"});
  expect("script",
         {"cannot start script: exec ", "No such file or directory", "/no/such/interpreter"});
  expect("folder", {"cannot start folder: ", "no/such/folder", "No such file or directory"});
  CHECK(fleet.stop().exit_code == 0);
}
