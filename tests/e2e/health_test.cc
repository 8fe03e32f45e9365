// Ready means proven, by whatever method; alive means answering, but busy is not hung.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

Json ready_by(Json readiness) { return {{"readiness", std::move(readiness)}}; }

/// How long `server` was starting, by the run's own history.
Milliseconds time_to_ready(Fleet& fleet, const std::string& server) {
  long began = 0;
  for (const Json& transition : fleet.transitions()) {
    if (transition["server"] != server) continue;
    const long at = transition["unix_ms"].get<long>();
    if (transition["to"] == "starting") began = at;
    if (transition["to"] == "ready") return Milliseconds{at - began};
  }
  FAIL("no ready in the history of ", server);
  return {};
}

/// Asks every 200 ms, so that a test need not wait for the default's minute.
Json watchful() {
  Json ours = quick();
  ours["defaults"]["liveness"] = {{"interval", "200ms"}, {"timeout", "400ms"}, {"failures", 2}};
  return ours;
}

bool was(Fleet& fleet, const std::string& server, const std::string& state) {
  for (const Json& transition : fleet.transitions()) {
    if (transition["server"] == server && transition["to"] == state) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("each readiness method waits for what it names") {
  Fleet fleet{Json::object(), quick()};
  const std::string flag = fleet.file("flag");
  const std::string late = "--start-delay=400";
  Json tcp = ready_by({{"method", "tcp"}});
  tcp["port"] = 0;
  Json http = ready_by({{"method", "http-get"}, {"path", "/health"}});
  http["port"] = 0;
  Json& servers = fleet.servers();
  servers["tcp"] = companion({"listen", late}, tcp);
  servers["http-get"] = companion({"listen-http", late}, http);
  servers["http-503"] = companion({"listen-http-503"}, http);
  servers["http-slow"] = companion({"listen-trickle"}, http);
  servers["exec"] =
      companion({}, ready_by({{"method", "exec"}, {"command", {"test", "-e", flag}}}));
  servers["log-line"] = companion({"log-line", "--after=400", "--text=now I am ready."},
                                  ready_by({{"method", "log-line"}, {"pattern", "am ready\\.$"}}));
  servers["notify"] = companion({"notify", late}, ready_by({{"method", "notify"}}));
  servers["fd"] =
      companion({"notify-fd", "--fd=4", late}, ready_by({{"method", "notify"}, {"fd", 4}}));
  servers["alive"] = companion({}, ready_by({{"method", "alive"}, {"after", "400ms"}}));
  fleet.write();

  fleet.start();
  for (const char* name : {"tcp", "http-get", "log-line", "notify", "fd", "alive", "http-slow"}) {
    fleet.await(name, "ready");
  }

  for (const char* name : {"tcp", "http-get", "log-line", "notify", "fd", "alive"}) {
    CAPTURE(name);
    CHECK(time_to_ready(fleet, name) >= 390ms);
  }
  CHECK(fleet.state("http-503") == "starting");
  CHECK(fleet.state("exec") == "starting");
  write_file(flag, "");
  fleet.await("exec", "ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("what is not ready in time is restarted; progress on stderr extends the time") {
  const Json short_time{{"readiness", {{"timeout", "500ms"}, {"timeoutMax", "20s"}}}};
  Fleet fleet{Json{{"mute", misbehaving({"no-initialize"}, short_time)},
                   {"chatty", misbehaving({"noisy-start", "--start-delay=2500"}, short_time)}},
              quick()};

  fleet.start();
  fleet.await_that("mute", [](const Json& server) { return server["restarts"] >= 1; });
  fleet.await("chatty", "ready");

  CHECK(fleet.server("chatty")["incarnation"] == 1);
  bool named = false;
  for (const Json& transition : fleet.transitions()) {
    named = named || (transition["server"] == "mute" &&
                      transition["why"].get<std::string>().find("not ready in time") == 0);
  }
  CHECK(named);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that stops answering becomes degraded, then is restarted") {
  Fleet fleet{Json{{"frozen", misbehaving({})},
                   {"frozen-modern", misbehaving({"modern"})},
                   {"hung", misbehaving({"hang", "--count=8"})},
                   {"other", misbehaving({})}},
              watchful()};
  fleet.start();
  fleet.await("frozen", "ready");
  fleet.await("frozen-modern", "ready");
  fleet.await("other", "ready");
  const pid_t frozen = fleet.pid("frozen");
  const pid_t modern = fleet.pid("frozen-modern");
  const pid_t other = fleet.pid("other");

  ::kill(frozen, SIGSTOP);
  ::kill(modern, SIGSTOP);
  fleet.await_restart("frozen", frozen);
  fleet.await_restart("frozen-modern", modern);
  fleet.await_that("hung", [](const Json& server) { return server["restarts"] >= 1; });

  CHECK(was(fleet, "frozen", "degraded"));
  CHECK(was(fleet, "frozen-modern", "degraded"));
  CHECK_FALSE(is_alive(frozen));
  CHECK_FALSE(is_alive(modern));
  CHECK(fleet.pid("other") == other);
  CHECK_FALSE(was(fleet, "other", "degraded"));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a healthy server is left alone, though it never answers ping or burns a processor") {
  Fleet fleet{Json{{"no-ping", misbehaving({"no-ping"})},
                   {"busy", misbehaving({"spin"})},
                   {"garbage", misbehaving({"garbage-stdout"})},
                   {"list-changed", misbehaving({"list-changed", "--count=50"})}},
              watchful()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t no_ping = fleet.pid("no-ping");
  const pid_t busy = fleet.pid("busy");
  const pid_t garbage = fleet.pid("garbage");

  fleet.await_that("no-ping", [](const Json& server) { return server["ping_unanswered"] == true; });
  CHECK(stays([&] { return fleet.pid("no-ping") == no_ping; }, 2'500ms));

  CHECK(fleet.pid("busy") == busy);
  CHECK(fleet.pid("garbage") == garbage);
  CHECK(fleet.server("garbage")["garbage_lines"].get<long>() > 0);
  for (const char* name : {"no-ping", "busy", "garbage", "list-changed"}) {
    CAPTURE(name);
    CHECK(fleet.server(name)["restarts"] == 0);
    CHECK(fleet.state(name) == "ready");
  }
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a watchdog that falls silent and a health check that fails restart their server") {
  const Json watchdog{{"readiness", "notify"},
                      {"liveness", {{"method", "notify"}, {"interval", "400ms"}}}};
  Fleet fleet{Json::object(), watchful()};
  const std::string flag = fleet.file("flag");
  write_file(flag, "");
  fleet.servers()["silent"] =
      companion({"notify", "watchdog", "--interval=50", "--after=1200"}, watchdog);
  fleet.servers()["faithful"] = companion({"notify", "watchdog", "--interval=50"}, watchdog);
  fleet.servers()["checked"] =
      companion({}, {{"liveness", {{"method", "exec"}, {"command", {"test", "-e", flag}}}}});
  fleet.write();
  fleet.start();
  fleet.await("checked", "ready");
  fleet.await("faithful", "ready");
  const pid_t checked = fleet.pid("checked");
  const pid_t faithful = fleet.pid("faithful");

  fleet.await_that("silent", [](const Json& server) { return server["restarts"] >= 1; });
  CHECK(fleet.pid("checked") == checked);
  ::unlink(flag.c_str());
  fleet.await_that("checked", [](const Json& server) { return server["restarts"] >= 1; });

  CHECK(fleet.pid("faithful") == faithful);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("checks that hang, fork or babble leave nothing behind") {
  Json hangs = ready_by(
      {{"method", "exec"},
       {"command", {misbehave_binary, "--mode=process", "--mode=stubborn", "--mode=daemon"}}});
  Json babbles = ready_by({{"method", "exec"}, {"command", {"yes"}}});
  hangs["liveness"] = "none";
  babbles["liveness"] = "none";
  Fleet fleet{Json{{"hangs", companion({}, hangs)}, {"babbles", companion({}, babbles)}},
              watchful()};
  fleet.start();
  fleet.await_that("hangs", [&](const Json&) { return fleet.processes().size() > 3; });

  CHECK(stays([&] { return fleet.processes().size() < 12; }, 2000ms));
  CHECK(resident_bytes(fleet.supervisor()) < modest_memory);

  CHECK(fleet.stop().exit_code == 0);
}
