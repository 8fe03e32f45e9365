// A process is replaced while clients call it all the time, and none of them notices.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "behind_door.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

/// Clients that call "echo" and "sleep" in turn until they are told to stop.
class Callers {
 public:
  /// At the server's own door, or with `together` at that of all servers.
  Callers(int port, int count, bool together = false)
      : port_(port), path_(together ? "/mcp" : "/mcp/served"), prefix_(together ? "served__" : "") {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i] { i % 2 == 0 ? call_as_session() : call_alone(); });
    }
  }
  ~Callers() { stop(); }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  void stop() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  unsigned answered() const { return answered_; }
  std::string wrongs() {
    const std::scoped_lock lock{mutex_};
    return wrongs_;
  }

 private:
  std::string tool(unsigned number) const { return prefix_ + (number % 3 == 0 ? "sleep" : "echo"); }

  std::string request(unsigned number, const std::string& meta) const {
    const bool slow = number % 3 == 0;
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(number) +
           R"(,"method":"tools/call","params":{"name":")" + tool(number) + R"(","arguments":)" +
           (slow ? R"({"ms":150})" : R"({"text":"hello"})") + meta + "}}";
  }

  void call_as_session() {
    const std::string session = open_session(port_, path_);
    for (unsigned number = 1; !over_; ++number) judge(request(number, ""), session);
  }

  void call_alone() {
    const std::string meta = R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                             R"("io.modelcontextprotocol/clientCapabilities":{}})";
    for (unsigned number = 1; !over_; ++number) {
      judge(request(number, meta),
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " +
                tool(number) + "\r\n");
    }
  }

  void judge(const std::string& body, const std::string& fields) {
    const Answer answer = ask(port_, "POST", path_, body, fields, patience);
    if (answer.status == 200 && holds(answer.body, "\"result\"")) {
      ++answered_;
      return;
    }
    const std::scoped_lock lock{mutex_};
    if (wrongs_.size() < 4'000) {
      wrongs_ += body + " -> " + std::to_string(answer.status) + ' ' + answer.body + '\n';
    }
  }

  int port_;
  std::string path_;
  std::string prefix_;
  std::atomic<bool> over_{false};
  std::atomic<unsigned> answered_{0};
  std::mutex mutex_;
  std::string wrongs_;
  std::vector<std::thread> threads_;
};

/// Comes up until "broken" lies in the fleet's folder.
Json fragile() {
  Json server = misbehaving({});
  server["args"] = {"-c", "test ! -e broken || { echo no licence >&2; exit 3; }; exec " +
                              server["command"].get<std::string>()};
  server["command"] = "/bin/sh";
  return server;
}

}  // namespace

TEST_CASE("a rolling restart loses no call, and no client sees an error") {
  Fleet fleet{Json{{"served", misbehaving({"stubborn"})}}, with_door()};
  fleet.start();
  fleet.await("served", "ready");
  Callers callers{port_of(fleet), 8};

  for (unsigned round = 1; round <= 3; ++round) {
    const unsigned before = callers.answered();
    const pid_t former = fleet.pid("served");
    const Outcome restart = fleet.control({"restart", "--rolling", "served"});
    CAPTURE(restart.err);
    CHECK(restart.exit_code == 0);
    CHECK(fleet.pid("served") != former);
    CHECK(fleet.server("served")["incarnation"] == 1 + round);
    CHECK(eventually([&] { return callers.answered() > before + 20; }));
    CHECK(eventually([&] { return fleet.server("served~1").is_null(); }));
    CHECK_FALSE(is_alive(former));
  }
  callers.stop();

  CHECK_MESSAGE(callers.wrongs().empty(), callers.wrongs());
  CHECK(fleet.processes_of("served").size() == 1);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("if the new process does not become ready, the command says why and the old one stays") {
  Fleet fleet{Json{{"served", fragile()}}, with_door()};
  fleet.start();
  fleet.await("served", "ready");
  const pid_t former = fleet.pid("served");
  Callers callers{port_of(fleet), 4};
  write_file(fleet.file("broken"), "");

  const Outcome restart = fleet.control({"restart", "--rolling", "served"});
  callers.stop();

  CHECK(restart.exit_code == 1);
  CHECK(holds(restart.err,
              "mcpctl: restart served: ready: the old process stays, the new one did not become "
              "ready: exit code 3 after "));
  CHECK(holds(restart.err, "  | no licence\n"));
  CHECK_MESSAGE(callers.wrongs().empty(), callers.wrongs());
  CHECK(fleet.pid("served") == former);
  CHECK(fleet.server("served")["successor"]["state"] == "failed");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a reload replaces what it changes while clients call it, and no client sees an error") {
  Fleet fleet{Json{{"served", misbehaving({"stubborn"})}, {"other", misbehaving({})}}, with_door()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t other = fleet.pid("other");
  Callers callers{port_of(fleet), 8, true};

  for (const char* more : {"--mode=dual-era", "--code=7", "--mode=modern"}) {
    const unsigned before = callers.answered();
    const pid_t former = fleet.pid("served");
    fleet.servers()["served"]["args"] = {"--mode=stubborn", more};
    fleet.write();
    const Outcome reload = fleet.control({"reload"});
    CHECK(reload.exit_code == 0);
    CHECK(reload.out == "~ served: restart (args), rolling\n");
    fleet.await_restart("served", former);
    CHECK(holds(fleet.server("served")["command"].get<std::string>(), more));
    CHECK(eventually([&] { return callers.answered() > before + 20; }));
    CHECK(eventually([&] { return fleet.server("served~1").is_null(); }));
    CHECK_FALSE(is_alive(former));
  }
  callers.stop();

  CHECK_MESSAGE(callers.wrongs().empty(), callers.wrongs());
  CHECK(fleet.pid("other") == other);
  CHECK(fleet.server("served")["restarts"] == 0);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a reload whose new process does not become ready leaves the old one, and ps says why") {
  Fleet fleet{Json{{"served", misbehaving({})}}, with_door()};
  fleet.start();
  fleet.await("served", "ready");
  const pid_t former = fleet.pid("served");
  const Json good = fleet.servers()["served"];
  Callers callers{port_of(fleet), 4};

  fleet.servers()["served"]["command"] = "/bin/false";
  fleet.write();
  CHECK(fleet.control({"reload"}).exit_code == 0);
  fleet.await_that("served",
                   [](const Json& server) { return server["successor"]["state"] == "failed"; });
  const Outcome ps = fleet.control({"ps"});
  CHECK(holds(ps.out, "its new process did not become ready: exit code 1"));
  CHECK(fleet.pid("served") == former);

  // The next reload tries again.
  fleet.servers()["served"] = good;
  fleet.servers()["served"]["args"] = {"--mode=stubborn"};
  fleet.write();
  CHECK(fleet.control({"reload"}).exit_code == 0);
  fleet.await_restart("served", former);
  callers.stop();

  CHECK_MESSAGE(callers.wrongs().empty(), callers.wrongs());
  CHECK(fleet.server("served")["successor"].is_null());
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("up on a running fleet waits for new processes, and says which old one stays and why") {
  Fleet fleet{Json{{"served", fragile()}, {"slow", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t former = fleet.pid("served");
  const pid_t slow = fleet.pid("slow");

  fleet.servers()["slow"] = misbehaving({"slow-start", "--start-delay=700"});
  fleet.write();
  const Outcome replaced = fleet.control({"up", fleet.config_file()});
  CAPTURE(replaced.err);
  CHECK(replaced.exit_code == 0);
  CHECK(fleet.pid("slow") != slow);
  CHECK(fleet.server("slow")["successor"].is_null());

  write_file(fleet.file("broken"), "");
  fleet.servers()["served"]["env"]["COLOUR"] = "blue";
  fleet.write();
  const Outcome stayed = fleet.control({"up", fleet.config_file()});
  CHECK(stayed.exit_code == 1);
  CHECK(holds(stayed.err,
              "mcpctl: up served: ready: the old process stays, the new one did not "
              "become ready: exit code 3"));
  CHECK(holds(stayed.err, "  | no licence\n"));
  CHECK(fleet.pid("served") == former);

  const Outcome unchanged = fleet.control({"up", fleet.config_file()});
  CHECK(unchanged.exit_code == 1);  // it still runs with the former configuration
  CHECK(holds(unchanged.err, "the old process stays"));
  ::unlink(fleet.file("broken").c_str());
  REQUIRE(fleet.control({"restart", "--rolling", "served"}).exit_code == 0);
  CHECK(fleet.control({"up", fleet.config_file()}).exit_code == 0);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("of several, those that cannot be two at a time are told, and the others replaced") {
  Json fixed = misbehaving({});
  fixed["url"] = "http://127.0.0.1:9/mcp";
  fixed["x-mcpctl"]["port"] = 9;
  Fleet fleet{Json{{"served", misbehaving({})}, {"fixed", fixed}}, with_door()};
  fleet.start();
  fleet.await("served", "ready");
  const pid_t former = fleet.pid("served");

  const Outcome restart = fleet.control({"restart", "--rolling"});

  CHECK(restart.exit_code == 1);
  CHECK(restart.err ==
        "mcpctl: cannot restart fixed rolling: its port 9 is fixed; restart it without "
        "--rolling\n");
  CHECK(fleet.pid("served") != former);
  fleet.stop();
}

TEST_CASE("a supervisor that dies between two processes leaves neither") {
  // The new one never becomes ready; the old one does not leave by itself.
  Json server = misbehaving({"stubborn"});
  server["args"] = {"-c", "test ! -e broken || exec sleep 600; exec " +
                              server["command"].get<std::string>() + " --mode=stubborn"};
  server["command"] = "/bin/sh";
  Fleet fleet{Json{{"served", server}}, quick()};
  fleet.start();
  fleet.await("served", "ready");
  write_file(fleet.file("broken"), "");
  CHECK(fleet.control({"restart", "--rolling", "--no-wait", "served"}).exit_code == 0);
  fleet.await("served~1", "starting");
  CHECK(eventually([&] { return fleet.processes_of("served").size() == 2; }));

  SUBCASE("it is killed") {
    ::kill(fleet.supervisor(), SIGKILL);
    fleet.expect_nothing_left(1'000ms);
  }
  SUBCASE("it stops in order") { fleet.stop(); }
}
