// A new configuration touches what changed in it, and a bad one touches nothing.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "behind_door.h"

using namespace mcpctl::e2e;

namespace {

void reload(Fleet& fleet) { fleet.program().signal(SIGHUP); }

}  // namespace

TEST_CASE("SIGHUP starts what is new, stops what is gone, restarts what changed, only that") {
  Fleet fleet{Json{{"same", misbehaving({})},
                   {"changed", misbehaving({})},
                   {"retuned", misbehaving({})},
                   {"gone", misbehaving({"stubborn", "daemon"})}},
              quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t same = fleet.pid("same");
  const pid_t changed = fleet.pid("changed");
  const pid_t retuned = fleet.pid("retuned");
  const pid_t gone = fleet.pid("gone");

  fleet.servers()["changed"]["env"] = {{"COLOUR", "blue"}};
  fleet.servers()["retuned"]["x-mcpctl"] = {{"liveness", {{"interval", "7s"}}}};
  fleet.servers().erase("gone");
  fleet.servers()["new"] = misbehaving({});
  fleet.write();
  reload(fleet);
  fleet.await("new", "ready");
  fleet.await_restart("changed", changed);

  CHECK(eventually([&] { return fleet.server("gone").is_null(); }));
  CHECK_FALSE(is_alive(gone));
  CHECK(fleet.processes_of("gone").empty());
  CHECK(fleet.pid("same") == same);
  CHECK(fleet.pid("retuned") == retuned);  // a probe's interval needs no restart
  CHECK(eventually([&] { return !is_alive(changed); }));
  CHECK(fleet.status()["config_stale"] == false);
  CHECK(fleet.server("changed")["restarts"] == 0);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("the clients' door has new settings at once, and says which wait for the next start") {
  Fleet fleet{Json{{"math", math()}}, with_door()};
  fleet.set_variable("CI_TOKEN", "ci-5e1f3c77d0a95e1f");
  fleet.start();
  fleet.await("math", "ready");
  const int port = port_of(fleet);
  const pid_t pid = fleet.pid("math");
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const std::string session = open_session(port);
  REQUIRE(post(port, "/mcp/math", ping, session).status == 200);

  Json& gateway = fleet.ours()["gateway"];
  gateway["tokens"] = {{{"name", "ci"}, {"tokenEnv", "CI_TOKEN"}}};
  gateway["listen"] = "127.0.0.1:1";
  fleet.write();
  const std::string plan =
      "~ gateway: update (tokens)\n~ gateway: waits for the next start (listen)\n";
  CHECK(fleet.control({"reload", "--dry-run"}).out == plan + "nothing was done (--dry-run)\n");
  CHECK(post(port, "/mcp/math", ping, session).status == 200);
  CHECK(fleet.control({"reload"}).out == plan);

  CHECK(post(port, "/mcp/math", ping, session).status == 401);
  const std::string token = "Authorization: Bearer ci-5e1f3c77d0a95e1f\r\n";
  CHECK(post(port, "/mcp/math", ping, session + token).status == 404);  // it was nobody's
  CHECK(post(port, "/mcp/math", initialize, token).status == 200);
  CHECK(fleet.said("gateway.listen waits for the next start"));
  CHECK(fleet.control({"reload"}).out == "~ gateway: waits for the next start (listen)\n");
  CHECK(fleet.pid("math") == pid);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a broken configuration leaves all running, and ps says that it is stale") {
  Fleet fleet{Json{{"a", misbehaving({})}, {"b", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t a = fleet.pid("a");
  const pid_t b = fleet.pid("b");
  const std::string good = read_file(fleet.config_file());
  const std::map<std::string, std::string> broken{
      {"garbage",
       "\x7f"
       "ELF is no configuration"},
      {"truncated", good.substr(0, good.size() / 2)},
      {"empty", ""},
      {"misspelt", R"({"mcpServers": {"a": {"command": "x", "x-mcpctl": {"restrat": "never"}}}})"}};

  for (const auto& [what, text] : broken) {
    CAPTURE(what);
    fleet.write_text(text);
    const Outcome answer = fleet.control({"reload", "--fleet", fleet.name()});
    CHECK(answer.exit_code == 3);
    CHECK((answer.out + answer.err).find("mcp.json:") != std::string::npos);
    CHECK(fleet.status()["config_stale"] == true);
    CHECK(fleet.pid("a") == a);
    CHECK(fleet.pid("b") == b);
  }
  reload(fleet);
  fleet.await_words("the old one stays in force");
  const Outcome ps = fleet.control({"ps"});
  CHECK(ps.out.find("stale") != std::string::npos);

  fleet.write_text(good);
  CHECK(fleet.control({"reload", "--fleet", fleet.name()}).exit_code == 0);
  CHECK(fleet.status()["config_stale"] == false);
  CHECK(fleet.pid("a") == a);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a missing or unreadable file on reload changes nothing") {
  Fleet fleet{Json{{"a", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("a", "ready");
  const pid_t a = fleet.pid("a");

  ::unlink(fleet.config_file().c_str());
  const Outcome answer = fleet.control({"reload", "--fleet", fleet.name()});

  CHECK(answer.exit_code == 3);
  CHECK((answer.out + answer.err).find("cannot read the file: no such file") != std::string::npos);
  CHECK(fleet.pid("a") == a);
  CHECK(fleet.status()["config_stale"] == true);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a dry run tells the plan and does nothing") {
  Fleet fleet{Json{{"a", misbehaving({})}, {"b", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t a = fleet.pid("a");

  fleet.servers()["a"]["args"] = {"--mode=no-tools"};
  fleet.servers().erase("b");
  fleet.servers()["c"] = misbehaving({});
  fleet.write();
  const Outcome plan = fleet.control({"reload", "--dry-run"});

  CHECK(plan.exit_code == 0);
  CHECK(plan.out.find("~ a: restart (args)") != std::string::npos);
  CHECK(plan.out.find("- b: remove") != std::string::npos);
  CHECK(plan.out.find("+ c: add") != std::string::npos);
  CHECK(fleet.pid("a") == a);
  CHECK(fleet.state("b") == "ready");
  CHECK(fleet.server("c").is_null());
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a reload mends a failed server and fills in a variable") {
  Json needy = misbehaving({});
  needy["env"] = {{"TOKEN", "${NOT_SET_YET}"}};
  Fleet fleet{Json{{"typo", Json{{"command", "no-such-command"}}}, {"needy", needy}}, quick()};
  fleet.start();
  fleet.await_all("failed");

  fleet.servers()["typo"] = misbehaving({});
  fleet.servers()["needy"]["env"]["TOKEN"] = "set-now";
  fleet.write();
  reload(fleet);

  fleet.await_all("ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a fleet can be emptied and filled again") {
  Fleet fleet{Json{{"a", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("a", "ready");
  const Json before = fleet.servers();

  fleet.servers() = Json::object();
  fleet.write();
  reload(fleet);
  CHECK(eventually([&] { return fleet.server("a").is_null(); }));
  fleet.expect_nothing_left(1'000ms);
  fleet.servers() = before;
  fleet.write();
  reload(fleet);

  fleet.await("a", "ready");
  CHECK(fleet.stop().exit_code == 0);
}
