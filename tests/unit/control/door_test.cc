// The door against a real supervisor with real processes, over a real socket.
#include "control/door.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "http/parser.h"
#include "http/sse.h"
#include "loop/connection.h"
#include "loop/connector.h"
#include "tests/unit/children.h"
#include "tests/unit/temporary_directory.h"
#include "tests/unit/turning.h"

using namespace mcpctl;
using namespace mcpctl::control;
using Json = nlohmann::json;

namespace {

config::Server process(std::string name, std::string script) {
  config::Server server;
  server.name = std::move(name);
  server.kind = config::Kind::process;
  server.command = "/bin/sh";
  server.args = {"-c", std::move(script)};
  server.cwd = "/tmp";
  server.stop.eof = Duration{50};
  return server;
}

/// One connection to the door; reads as the loop turns, unless told not to.
class Client {
 public:
  Client(loop::Loop& loop, const std::string& socket, const std::string& request) {
    auto connected = loop::connect_unix(*loop::Address::unix_path(socket));
    REQUIRE(connected);
    auto opened =
        loop::Connection::open(loop, std::move(*connected),
                               {.on_data = [this](std::string_view bytes) { take(bytes); },
                                .on_peer_closed = [this] { closed_ = true; },
                                .on_broken = [this](const Error&) { closed_ = true; },
                                .on_drained = {}});
    REQUIRE(opened);
    connection_.emplace(std::move(*opened));
    connection_->write(request);
  }

  void stop_reading() { connection_->pause(); }
  void read_on() { connection_->resume(); }
  bool is_complete() const { return complete_; }
  bool is_closed() const { return closed_; }
  /// 0 before the answer has begun.
  int status() const { return begun_ ? parser_.response().status : 0; }
  http::Response take_answer() { return parser_.take(); }
  const std::vector<http::SseEvent>& events() const { return events_; }

 private:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      const http::Fed fed = parser_.feed(bytes);
      REQUIRE(fed.progress != http::Progress::failed);
      bytes.remove_prefix(fed.consumed);
      begun_ = begun_ || fed.progress != http::Progress::more;
      const std::string_view type = parser_.response().headers.get("Content-Type");
      if (type == "text/event-stream") REQUIRE(sse_.feed(parser_.take_body(), events_));
      complete_ = complete_ || fed.progress == http::Progress::complete;
      if (complete_ || fed.progress == http::Progress::more) return;
    }
  }

  std::optional<loop::Connection> connection_;
  http::ResponseParser parser_;
  http::SseParser sse_;
  std::vector<http::SseEvent> events_;
  bool begun_{false};
  bool complete_{false};
  bool closed_{false};
};

class House {
 public:
  explicit House(std::vector<config::Server> servers) {
    mcpctl::testing::adopt_orphans();
    reading_.config.name = "door-test-" + std::to_string(::getpid());
    reading_.config.files = {"/etc/mcp.json"};
    reading_.config.secrets = {"hunter2hunter2"};
    for (config::Server& server : servers) reading_.config.servers.push_back(std::move(server));

    DoorOptions options;
    options.socket = socket();
    options.probes = loop::Address::ip("127.0.0.1", 0);
    options.on_shutdown = [this] { supervisor_->stop_all(); };
    auto door = Door::open(loop_, std::move(options));
    REQUIRE(door);
    door_ = std::move(*door);
  }

  ~House() {
    door_->leave();
    supervisor_.reset();
    door_.reset();
  }

  void move_in() {
    runtime::Options options;
    options.state_dir = folder_.path();
    options.shutdown_timeout = Duration{10'000};
    options.load = [this] { return reading_; };
    options.on_stopped = [this] { stopped_ = true; };
    supervisor_.emplace(loop_, reading_.config, std::move(options));
    door_->serve(*supervisor_);
    supervisor_->start();
  }

  bool until(const std::function<bool()>& condition) {
    return mcpctl::testing::turn_until(loop_, condition);
  }

  http::Response ask(const std::string& method, const std::string& target) {
    Client client{loop_, socket(), method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"};
    REQUIRE(until([&] { return client.is_complete(); }));
    return client.take_answer();
  }
  Json json(const std::string& method, const std::string& target) {
    return Json::parse(ask(method, target).body);
  }
  std::string state_of(const std::string& server) {
    return std::string{supervisor::name(supervisor_->status_of(server, false)->state)};
  }
  bool until_state(const std::string& server, const std::string& state) {
    return until([&] { return state_of(server) == state; });
  }

  loop::Loop& loop() { return loop_; }
  std::string socket() const { return folder_ / "door.sock"; }
  runtime::Supervisor& supervisor() { return *supervisor_; }
  config::Reading& reading() { return reading_; }
  const Door& door() const { return *door_; }
  bool has_stopped() const { return stopped_; }

 private:
  mcpctl::testing::TemporaryDirectory folder_;
  loop::Loop loop_;
  config::Reading reading_;
  std::unique_ptr<Door> door_;
  std::optional<runtime::Supervisor> supervisor_;
  bool stopped_{false};
};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

}  // namespace

TEST_CASE("before the fleet lives, the door is open but nobody is at home") {
  House house{{process("a", "sleep 60")}};

  CHECK(house.ask("GET", "/api/v1/servers").status == 503);
}

TEST_CASE("a second supervisor cannot open the same door") {
  House house{{process("a", "sleep 60")}};

  loop::Loop loop;
  DoorOptions options;
  options.socket = house.socket();
  const auto second = Door::open(loop, std::move(options));

  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("another process holds") != std::string::npos);
}

TEST_CASE("servers are listed, started, stopped and restarted by name") {
  House house{{process("a", "exec sleep 60"), process("b", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("a", "ready"));
  REQUIRE(house.until_state("b", "ready"));

  const Json before = house.json("GET", "/api/v1/servers");
  CHECK(before["servers"].size() == 2);
  CHECK(before["ready"] == true);
  // In the very moment of its exec a process owns no page.
  CHECK(house.until(
      [&] { return house.json("GET", "/api/v1/servers")["servers"][0]["memory_bytes"] > 0; }));
  CHECK(house.json("GET", "/api/v1/servers?usage=0")["servers"][0]["memory_bytes"].is_null());

  CHECK(house.ask("POST", "/api/v1/servers/a/stop").status == 202);
  REQUIRE(house.until_state("a", "stopped"));
  CHECK(house.json("GET", "/api/v1/servers/a")["goal"] == "down");

  CHECK(house.ask("POST", "/api/v1/start?server=a").status == 202);
  REQUIRE(house.until_state("a", "ready"));

  CHECK(house.ask("POST", "/api/v1/restart?all=1").status == 202);
  REQUIRE(house.until([&] {
    const Json now = house.json("GET", "/api/v1/servers?usage=0")["servers"];
    return now[1]["incarnation"] == 2 && now[1]["state"] == "ready";
  }));
}

TEST_CASE("a name that is not known does nothing to the others") {
  House house{{process("weather", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("weather", "ready"));

  const http::Response answer = house.ask("POST", "/api/v1/stop?server=weather,wether");

  CHECK(answer.status == 404);
  CHECK(answer.headers.get("Content-Type") == "application/problem+json");
  CHECK(Json::parse(answer.body)["suggestion"] == "did you mean \"weather\"?");
  CHECK(house.state_of("weather") == "ready");
}

TEST_CASE("commands want POST, questions want GET, and the answer says which") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();

  CHECK(house.ask("GET", "/api/v1/servers/a/stop").headers.get("Allow") == "POST");
  CHECK(house.ask("POST", "/api/v1/servers").headers.get("Allow") == "GET");
  CHECK(house.ask("GET", "/api/v1/shutdown").status == 405);
  CHECK(house.ask("POST", "/api/v1/stop").status == 400);
  CHECK(house.ask("GET", "/api/v2/servers").status == 404);
  CHECK(house.ask("GET", "/api/v1/servers/a/entrails").status == 404);
}

TEST_CASE("readiness names who is missing, and why") {
  House house{{process("good", "exec sleep 60"), process("bad", "echo no database >&2; exit 1")}};
  house.move_in();
  REQUIRE(house.until_state("good", "ready"));
  REQUIRE(house.until_state("bad", "backoff"));

  const http::Response answer = house.ask("GET", "/readyz");

  CHECK(answer.status == 503);
  CHECK(answer.body.starts_with("not ready\nbad: backoff: exit code 1"));
  CHECK(house.ask("GET", "/livez").body == "ok\n");
}

TEST_CASE("the TCP side answers probes and nothing else") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  const auto over_tcp = [&](const std::string& target) {
    std::optional<loop::Fd> socket;
    loop::Connector connector{house.loop(), {*house.door().probes()}, [&](Result<loop::Fd> done) {
                                REQUIRE(done);
                                socket = std::move(*done);
                              }};
    REQUIRE(house.until([&] { return socket.has_value(); }));
    std::string received;
    auto connection =
        loop::Connection::open(house.loop(), std::move(*socket),
                               {[&](std::string_view bytes) { received += bytes; }, {}, {}, {}});
    REQUIRE(connection);
    connection->write(get(target));
    REQUIRE(house.until([&] { return received.find("\r\n\r\n") != std::string::npos; }));
    return received.substr(9, 3);
  };

  CHECK(over_tcp("/livez") == "200");
  CHECK(over_tcp("/metrics") == "200");
  CHECK(over_tcp("/api/v1/servers") == "404");
  CHECK(over_tcp("/api/v1/config") == "404");
}

TEST_CASE("logs are filtered by server, text, time and number, without secrets") {
  House house{{process("a", "echo one >&2; echo two hunter2hunter2 >&2; exec sleep 60"),
               process("b", "echo one of b >&2; exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until([&] {
    return house.json("GET", "/api/v1/logs?grep=one").size() == 2 &&
           house.json("GET", "/api/v1/logs?grep=two").size() == 1;
  }));

  CHECK(house.json("GET", "/api/v1/servers/a/logs?grep=two")[0]["text"] == "two [redacted]");
  CHECK(house.json("GET", "/api/v1/logs?server=b&grep=one")[0]["text"] == "one of b");
  CHECK(house.json("GET", "/api/v1/logs?tail=1").size() == 1);
  CHECK(house.json("GET", "/api/v1/logs?since_ms=99999999999999").empty());
  CHECK(house.ask("GET", "/api/v1/logs?tail=few").status == 400);
  CHECK(house.ask("GET", "/api/v1/servers/c/logs?follow=1").status == 404);
}

TEST_CASE("a follower gets what was said, then what is said") {
  House house{{process("a", "echo before >&2; read line; echo after >&2; exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until([&] { return house.json("GET", "/api/v1/logs?grep=before").size() == 1; }));

  Client follower{house.loop(), house.socket(),
                  get("/api/v1/servers/a/logs?follow=1&grep=server%20said")};
  REQUIRE(house.until([&] { return follower.status() == 200; }));
  house.supervisor().log("a")->append(runtime::Stream::err, "the server said this\nand that\n");
  house.supervisor().log("a")->append(runtime::Stream::err, "the server said more\n");

  REQUIRE(house.until([&] { return follower.events().size() == 2; }));
  CHECK(follower.events()[0].type == "line");
  CHECK(Json::parse(follower.events()[0].data)["text"] == "the server said this");
  CHECK(Json::parse(follower.events()[1].data)["text"] == "the server said more");
}

TEST_CASE("a follower that does not read is told how many lines it missed, others miss none") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("a", "ready"));
  Client slow{house.loop(), house.socket(), get("/api/v1/logs?follow=1&tail=0")};
  Client quick{house.loop(), house.socket(), get("/api/v1/logs?follow=1&tail=0")};
  REQUIRE(house.until([&] { return slow.status() == 200 && quick.status() == 200; }));
  slow.stop_reading();

  // More than the ring holds and far more than a socket and a queue take.
  constexpr std::size_t lines = 40'000;
  std::size_t heard_by_quick = 0;
  for (std::size_t i = 0; i < lines; ++i) {
    house.supervisor().log("a")->append(runtime::Stream::err,
                                        "line " + std::to_string(i) + std::string(50, '.') + "\n");
    if (i % 100 == 0) {
      house.until([&] { return quick.events().size() + 150 > i; });
    }
  }
  REQUIRE(house.until([&] { return quick.events().size() >= lines; }));
  heard_by_quick = quick.events().size();
  slow.read_on();
  const auto last_of = [](const Client& client) {
    return client.events().empty() ? std::string{} : client.events().back().data;
  };
  const std::string last_line = "line " + std::to_string(lines - 1);
  REQUIRE(house.until([&] { return last_of(slow).find(last_line) != std::string::npos; }));

  std::size_t heard = 0;
  std::size_t skipped = 0;
  for (const http::SseEvent& event : slow.events()) {
    if (event.type == "line") ++heard;
    if (event.type == "skipped") skipped += Json::parse(event.data)["lines"].get<std::size_t>();
  }
  CHECK(heard_by_quick == lines);
  CHECK(skipped > 0);
  CHECK(heard + skipped == lines);
}

TEST_CASE("events carry sequences, and a client that comes back misses none") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("a", "ready"));
  const Json past = house.json("GET", "/api/v1/events?follow=0");
  REQUIRE(past.size() >= 2);
  const auto newest = past.back()["sequence"].get<std::uint64_t>();
  CHECK(past.back()["to"] == "ready");

  Client returning{house.loop(), house.socket(),
                   "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " +
                       std::to_string(newest - 1) + "\r\n\r\n"};
  Client newcomer{house.loop(), house.socket(), get("/api/v1/events")};
  REQUIRE(house.until([&] { return newcomer.status() == 200 && !returning.events().empty(); }));
  house.ask("POST", "/api/v1/servers/a/stop");
  REQUIRE(house.until_state("a", "stopped"));
  REQUIRE(house.until([&] {
    return !newcomer.events().empty() &&
           Json::parse(newcomer.events().back().data)["to"] == "stopped";
  }));

  CHECK(returning.events().front().id == std::to_string(newest));
  CHECK(newcomer.events().front().id == std::to_string(newest + 1));
}

TEST_CASE("clients that leave are forgotten, also in the middle of a stream") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  for (int i = 0; i < 50; ++i) {
    Client leaver{house.loop(), house.socket(), get("/api/v1/logs?follow=1")};
    REQUIRE(house.until([&] { return leaver.status() == 200; }));
  }
  house.supervisor().log("a")->append(runtime::Stream::err, "hello\n");

  CHECK(house.ask("GET", "/livez").status == 200);
  CHECK(house.json("GET", "/api/v1/logs?grep=hello").size() == 1);
}

TEST_CASE("a reload tells its plan first, does it, and refuses a broken configuration whole") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("a", "ready"));
  house.reading().config.servers.push_back(process("b", "exec sleep 60"));

  house.reading().config.gateway.listen = "127.0.0.1:9";
  house.reading().config.gateway.max_sessions = 7;

  const Json plan = house.json("GET", "/api/v1/plan");
  CHECK(plan["applied"] == false);
  CHECK(plan["gateway"] == Json{{"update", {"maxSessions"}}, {"next_start", {"listen"}}});
  CHECK(plan["changes"][0] == Json{{"action", "add"}, {"server", "b"}, {"keys", Json::array()}});
  CHECK(house.json("POST", "/api/v1/reload")["applied"] == true);
  REQUIRE(house.until_state("b", "ready"));

  config::Problem problem;
  problem.where = {"/etc/mcp.json", 4, 21};
  problem.message = "unknown key \"restrat\"";
  house.reading().problems.push_back(problem);
  house.reading().config.servers.clear();
  const http::Response refused = house.ask("POST", "/api/v1/reload");

  CHECK(refused.status == 422);
  CHECK(Json::parse(refused.body)["problems"][0]["line"] == 4);
  CHECK(house.state_of("a") == "ready");
  CHECK(house.json("GET", "/api/v1/servers")["config_stale"] == true);
}

TEST_CASE("a shutdown through the door ends the fleet and then the streams") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("a", "ready"));
  Client follower{house.loop(), house.socket(), get("/api/v1/events")};
  REQUIRE(house.until([&] { return follower.status() == 200; }));

  CHECK(house.ask("POST", "/api/v1/shutdown").status == 202);
  REQUIRE(house.until([&] { return house.has_stopped(); }));
  REQUIRE(house.until([&] { return !follower.events().empty(); }));

  CHECK(house.supervisor().status(false).servers[0].state == supervisor::State::stopped);
}

TEST_CASE("a ping that cannot be asked says why, and what to do") {
  House house{{process("side", "exec sleep 60"), process("other", "exec sleep 60")}};
  house.move_in();
  REQUIRE(house.until_state("side", "ready"));
  const auto detail = [&](const std::string& target, int status) {
    const http::Response answer = house.ask("POST", "/api/v1/servers/" + target);
    CHECK(answer.status == status);
    return Json::parse(answer.body)["detail"].get<std::string>();
  };

  CHECK(detail("side/ping", 409) == "side speaks no MCP: there is nobody to ask");
  CHECK(detail("sid/ping", 404) == "no server \"sid\" in this fleet");
  CHECK(detail("side/ping?timeout_ms=0", 400).starts_with("timeout_ms is a number"));
  CHECK(detail("side/ping?timeout_ms=x", 400).starts_with("timeout_ms is a number"));
  CHECK(house.ask("GET", "/api/v1/servers/side/ping").headers.get("Allow") == "POST");
}

TEST_CASE("a ping waits for a server that starts, within its time") {
  config::Server mute = process("mute", "exec sleep 60");
  mute.kind = config::Kind::mcp;
  House house{{mute}};
  house.move_in();
  REQUIRE(house.until_state("mute", "starting"));

  const http::Response late = house.ask("POST", "/api/v1/servers/mute/ping?timeout_ms=50");
  CHECK(late.status == 504);
  CHECK(Json::parse(late.body)["detail"].get<std::string>().starts_with(
      "mute could not be asked within 50ms, it is starting"));

  Client waiting{house.loop(), house.socket(),
                 "POST /api/v1/servers/mute/ping HTTP/1.1\r\nHost: x\r\n\r\n"};
  CHECK(house.ask("POST", "/api/v1/servers/mute/stop").status == 202);
  REQUIRE(house.until([&] { return waiting.is_complete(); }));
  const http::Response stopped = waiting.take_answer();
  CHECK(stopped.status == 409);
  CHECK(Json::parse(stopped.body)["suggestion"] == "start it with mcpctl start mute");
}

TEST_CASE("an operator who leaves a ping that waits, and a door that closes, end it") {
  config::Server mute = process("mute", "exec sleep 60");
  mute.kind = config::Kind::mcp;
  House house{{mute}};
  house.move_in();
  REQUIRE(house.until_state("mute", "starting"));
  const std::string ping = "POST /api/v1/servers/mute/ping HTTP/1.1\r\nHost: x\r\n\r\n";

  {
    Client impatient{house.loop(), house.socket(), ping};
  }
  Client patient{house.loop(), house.socket(), ping};
  CHECK(house.ask("GET", "/api/v1/version").status == 200);

  CHECK_FALSE(patient.is_complete());
}

TEST_CASE("a fleet without a door for clients has no sessions") {
  House house{{process("a", "exec sleep 60")}};
  house.move_in();

  const Json clients = house.json("GET", "/api/v1/sessions");

  CHECK(clients["gateway"].is_null());
  CHECK(clients["sessions"].empty());
}
