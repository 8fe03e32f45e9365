// A process is replaced while clients call it all the time, and none of them notices.
#include <doctest/doctest.h>

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
  Callers(int port, int count) : port_(port) {
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
  static std::string request(unsigned number, const std::string& meta) {
    const bool slow = number % 3 == 0;
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(number) +
           R"(,"method":"tools/call","params":{"name":")" + (slow ? "sleep" : "echo") +
           R"(","arguments":)" + (slow ? R"({"ms":150})" : R"({"text":"hello"})") + meta + "}}";
  }

  void call_as_session() {
    const std::string session = open_session(port_, "/mcp/served");
    for (unsigned number = 1; !over_; ++number) judge(request(number, ""), session);
  }

  void call_alone() {
    const std::string meta = R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                             R"("io.modelcontextprotocol/clientCapabilities":{}})";
    for (unsigned number = 1; !over_; ++number) {
      judge(request(number, meta),
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " +
                std::string{number % 3 == 0 ? "sleep" : "echo"} + "\r\n");
    }
  }

  void judge(const std::string& body, const std::string& fields) {
    const Answer answer = ask(port_, "POST", "/mcp/served", body, fields, patience);
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
  CHECK(fleet.processes_of("served").size() == 2);

  SUBCASE("it is killed") {
    ::kill(fleet.supervisor(), SIGKILL);
    fleet.expect_nothing_left(1'000ms);
  }
  SUBCASE("it stops in order") { fleet.stop(); }
}
