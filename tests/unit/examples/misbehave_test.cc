// The tests' own server is tested too: a misdeed that does not happen proves nothing
// about the supervisor that survives it.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "program.h"
#include "words.h"

using mcpctl::tests::is_alive;
using mcpctl::tests::Json;
using mcpctl::tests::Program;
using namespace std::chrono_literals;

namespace {

constexpr auto initialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize",)"
    R"("params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}}}})";
constexpr auto initialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
constexpr auto ping = R"({"jsonrpc":"2.0","id":2,"method":"ping"})";
constexpr auto list_tools = R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})";

std::string call_line(const std::string& tool, const Json& arguments) {
  return Json{{"jsonrpc", "2.0"},
              {"id", 4},
              {"method", "tools/call"},
              {"params", {{"name", tool}, {"arguments", arguments}}}}
      .dump();
}

std::string text_of(const std::string& answer) {
  return Json::parse(answer)["result"]["content"][0]["text"];
}

bool exited_with(const std::optional<int>& status, int code) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == code;
}

bool killed_by(const std::optional<int>& status, int signal) {
  return status && WIFSIGNALED(*status) && WTERMSIG(*status) == signal;
}

/// A file of "ROLE PID" lines, gone with the test.
class PidFile {
 public:
  PidFile() {
    const int fd = mkstemp(path_.data());
    close(fd);
  }
  ~PidFile() {
    for (const auto& [role, pid] : read()) {
      if (role != "leader") kill(pid, SIGKILL);
    }
    unlink(path_.data());
  }
  std::string option() const { return std::string{"--pids="} + path_.data(); }
  std::map<std::string, pid_t> read() const {
    std::ifstream file{path_.data()};
    std::map<std::string, pid_t> pids;
    std::string role;
    pid_t pid = 0;
    while (file >> role >> pid) pids[role] = pid;
    return pids;
  }

 private:
  std::array<char, 32> path_{"/tmp/misbehave-pids-XXXXXX"};
};

/// Where sd_notify messages arrive.
class NotifySocket {
 public:
  NotifySocket() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    // Autobind (unix(7)): the kernel picks an abstract name, five hexadecimal digits.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t));
    socklen_t length = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    name_ = '@' + std::string{address.sun_path + 1, length - sizeof(sa_family_t) - 1};
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~NotifySocket() { close(fd_); }
  std::string variable() const { return "NOTIFY_SOCKET=" + name_; }
  std::string receive() const {
    std::array<char, 256> text;
    const ssize_t got = recv(fd_, text.data(), text.size(), 0);
    return got < 0 ? "" : std::string{text.data(), static_cast<std::size_t>(got)};
  }

 private:
  int fd_;
  std::string name_;
};

}  // namespace

TEST_CASE("without a mode, misbehave is a good server") {
  Program server{"misbehave"};

  const Json hello = Json::parse(server.ask(initialize));
  CHECK(hello["id"] == 1);
  CHECK(hello["result"]["protocolVersion"] == "2025-11-25");
  server.send(initialized);
  CHECK(Json::parse(server.ask(ping))["result"] == Json::object());
  CHECK(Json::parse(server.ask(list_tools))["result"]["tools"].size() == 6);
  CHECK(text_of(server.ask(call_line("echo", {{"text", "a \"b\" \\ {é"}}))) == "a \"b\" \\ {é");
  CHECK(text_of(server.ask(call_line("count", Json::object()))) == "2");

  server.close_stdin();
  CHECK(exited_with(server.wait(), 0));
}

TEST_CASE("without a mode, SIGTERM ends it") {
  Program server{"misbehave"};
  server.ask(initialize);

  server.signal(SIGTERM);

  CHECK(killed_by(server.wait(), SIGTERM));
}

TEST_CASE("a stubborn server survives the end of its input and SIGTERM") {
  Program server{"misbehave", {"--mode=stubborn"}};
  server.ask(initialize);

  server.signal(SIGTERM);
  CHECK(server.ask(ping) != "");
  server.close_stdin();
  CHECK_FALSE(server.wait(100ms));

  server.signal(SIGKILL);
  CHECK(killed_by(server.wait(), SIGKILL));
}

TEST_CASE("exit codes, crashes and stops come as asked for") {
  Program exits{"misbehave", {"--mode=exit", "--after=20", "--code=7"}};
  Program crashes{"misbehave", {"--mode=crash", "--after=20", "--signal=6"}};
  Program polite{"misbehave", {"--mode=exit-on-term", "--code=3"}};
  Program in_handshake{"misbehave", {"--mode=exit-in-handshake", "--code=5"}};
  Program dies{"misbehave", {"--mode=ready-then-die", "--after=10"}};
  Program fussy{"misbehave", {"--mode=initialize-first"}};

  CHECK(exited_with(exits.wait(), 7));
  CHECK(killed_by(crashes.wait(), SIGABRT));
  CHECK(polite.ask(ping) != "");
  polite.signal(SIGTERM);
  CHECK(exited_with(polite.wait(), 3));
  CHECK(in_handshake.ask(initialize) == "");
  CHECK(exited_with(in_handshake.wait(), 5));
  CHECK(dies.ask(initialize) != "");
  dies.send(initialized);
  CHECK(exited_with(dies.wait(), 1));
  fussy.send(ping);
  CHECK(fussy.error_line() == "misbehave: the first message must be initialize");
  CHECK(exited_with(fussy.wait(), 1));
}

TEST_CASE("what it makes outlives it, in its group or in a session of its own") {
  PidFile pids;
  Program server{"misbehave",
                 {"--mode=member", "--mode=session-child", "--mode=daemon", pids.option()},
                 {"MCPCTL_ID=cookie"}};
  server.ask(initialize);

  server.signal(SIGTERM);
  CHECK(killed_by(server.wait(), SIGTERM));

  const auto made = pids.read();
  REQUIRE(made.size() == 4);
  CHECK(made.at("leader") == server.pid());
  for (const char* role : {"member", "session", "daemon"}) {
    CAPTURE(role);
    kill(made.at(role), SIGTERM);
    CHECK(is_alive(made.at(role)));
  }
  CHECK(getpgid(made.at("member")) == server.pid());
  CHECK(getsid(made.at("session")) == made.at("session"));
  CHECK(getsid(made.at("daemon")) != getsid(0));
  std::ifstream environment{"/proc/" + std::to_string(made.at("daemon")) + "/environ"};
  const std::string text{std::istreambuf_iterator<char>{environment}, {}};
  CHECK(text.find("MCPCTL_ID=cookie") != std::string::npos);
}

TEST_CASE("a bare daemon carries no environment") {
  PidFile pids;
  Program server{"misbehave", {"--mode=bare", "--mode=daemon", pids.option()}};
  server.ask(initialize);
  const pid_t daemon = pids.read().at("daemon");
  const std::string folder = "/proc/" + std::to_string(daemon);

  // It is recorded before its exec: wait for the new program.
  const auto end = std::chrono::steady_clock::now() + mcpctl::tests::patience;
  std::string environment = "?";
  while (!environment.empty() && std::chrono::steady_clock::now() < end) {
    std::ifstream file{folder + "/environ"};
    environment.assign(std::istreambuf_iterator<char>{file}, {});
  }

  CHECK(environment.empty());
  CHECK(is_alive(daemon));
}

TEST_CASE("a holder keeps stdout open and speaks after its leader's end") {
  Program server{"misbehave", {"--mode=hold-stdout", "--interval=10", "--linger=600"}};
  server.ask(initialize);

  server.close_stdin();
  CHECK(exited_with(server.wait(), 0));

  CHECK(server.error_line() == "misbehave: the holder speaks after its leader's end");
}

TEST_CASE("a flood has the asked size, and the server answers meanwhile") {
  Program server{"misbehave", {"--mode=flood-stderr", "--bytes=1000000", "--line=100"}};

  CHECK(server.ask(initialize) != "");  // nobody reads stderr yet
  server.close_stdin();
  const std::string partial = server.all_errors();
  CHECK(partial.find(std::string(99, 'x') + '\n') != std::string::npos);

  Program endless{"misbehave",
                  {"--mode=endless-line", "--bytes=300000", "--mode=exit", "--mode=ignore-eof",
                   "--after=300", "--code=0"}};
  const std::string all = endless.all_errors();
  CHECK(all.size() == 300'000);
  CHECK(all.find('\n') == std::string::npos);
}

TEST_CASE("protocol noise and huge answers come as asked for") {
  Program noisy{"misbehave", {"--mode=garbage-stdout"}};
  CHECK(noisy.ask(initialize) == "debug: about to answer");
  CHECK(noisy.line() == "");
  CHECK(noisy.line() == "{\"half\": ");
  CHECK(noisy.line() == "\xff\xfe not UTF-8");
  CHECK(noisy.line() == "[]");
  CHECK(Json::parse(noisy.line().value_or(""))["id"] == 1);

  Program huge{"misbehave", {"--mode=huge-answers", "--mib=3"}};
  CHECK(huge.ask(call_line("echo", {{"text", ""}})).size() > 3u << 20);
}

TEST_CASE("silences are exactly the ones asked for") {
  Program server{"misbehave", {"--mode=no-ping", "--mode=hang", "--count=3"}};

  CHECK(server.ask(initialize) != "");
  server.send(ping);
  CHECK(Json::parse(server.ask(list_tools))["id"] == 3);
  server.send(list_tools);
  CHECK_FALSE(server.line(50ms));
  server.close_stdin();
  CHECK_FALSE(server.wait(50ms));
}

TEST_CASE("a busy tool blocks other answers only one at a time") {
  Program parallel{"misbehave"};
  parallel.send(call_line("sleep", {{"ms", 200}}));
  CHECK(Json::parse(parallel.ask(ping))["id"] == 2);
  CHECK(Json::parse(parallel.line().value_or(""))["id"] == 4);

  Program serial{"misbehave", {"--mode=one-at-a-time"}};
  serial.send(call_line("sleep", {{"ms", 50}}));
  CHECK(Json::parse(serial.ask(ping))["id"] == 4);
  CHECK(Json::parse(serial.line().value_or(""))["id"] == 2);
}

TEST_CASE("an unanswered roots/list delays the exit") {
  Program server{"misbehave", {"--mode=roots", "--exit-delay=60000"}};
  server.ask(initialize);
  server.send(initialized);
  CHECK(Json::parse(server.line().value_or(""))["method"] == "roots/list");

  server.close_stdin();
  CHECK_FALSE(server.wait(50ms));

  Program answered{"misbehave", {"--mode=roots", "--exit-delay=60000"}};
  answered.ask(initialize);
  answered.send(initialized);
  answered.line();
  answered.send(R"({"jsonrpc":"2.0","id":"roots-1","result":{"roots":[]}})");
  answered.close_stdin();
  CHECK(exited_with(answered.wait(), 0));
}

TEST_CASE("a modern server refuses initialize and names its revision") {
  Program server{"misbehave", {"--mode=modern"}};

  const Json refusal = Json::parse(server.ask(initialize));
  CHECK(refusal["error"]["code"] == -32022);
  CHECK(refusal["error"]["data"]["supported"] == Json{"2026-07-28"});
  CHECK(Json::parse(server.ask(list_tools))["error"]["code"] == -32602);
  const Json found = Json::parse(
      server.ask(R"({"jsonrpc":"2.0","id":"d","method":"server/discover","params":{"_meta":{)"
                 R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                 R"("io.modelcontextprotocol/clientCapabilities":{}}}})"));
  CHECK(found["result"]["resultType"] == "complete");
  CHECK(found["result"]["supportedVersions"] == Json{"2026-07-28"});
}

TEST_CASE("readiness is announced in every way there is") {
  NotifySocket socket;
  Program systemd{"misbehave",
                  {"--mode=process", "--mode=notify", "--mode=watchdog", "--interval=20"},
                  {socket.variable()}};
  Program log{"misbehave", {"--mode=log-line", "--after=10", "--text=listening on 80"}};

  std::map<std::string, int> said;
  for (int i = 0; i < 3; ++i) ++said[socket.receive()];
  CHECK(said["READY=1"] == 1);
  CHECK(said["WATCHDOG=1"] == 2);
  CHECK(log.error_line() == "listening on 80");
}

TEST_CASE("the inspect tool tells what the process inherited") {
  Program server{"misbehave", {"--text=an argument"}, {"COLOUR=green"}};

  const Json picture = Json::parse(text_of(server.ask(call_line("inspect", Json::object()))));

  CHECK(picture["argv"][1] == "--text=an argument");
  CHECK(picture["env"]["COLOUR"] == "green");
  CHECK(picture["pid"] == server.pid());
  CHECK(picture["ppid"] == getpid());
  CHECK(picture["pgid"] == server.pid());
  CHECK(picture["fds"].size() == 3);
  CHECK(picture["fds"]["0"].get<std::string>().starts_with("pipe:"));
  CHECK(picture["blocked"] == Json::array());
  CHECK(picture["umask"].get<std::string>().size() == 4);
  CHECK(picture["rlimits"]["nofile"].size() == 2);
}

TEST_CASE("an unknown mode is refused by name") {
  Program server{"misbehave", {"--mode=angelic"}};

  CHECK(server.error_line() == "misbehave: unknown argument '--mode=angelic' (see --help)");
  CHECK(exited_with(server.wait(), 2));
}
