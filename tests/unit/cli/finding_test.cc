#include "cli/finding.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/examination.h"

using namespace mcpctl;
using namespace mcpctl::cli;
using Level = Finding::Level;

namespace {

const std::vector<Finding> some{
    {Level::ok, "ports", "", "2 ports free", ""},
    {Level::warning, "npx", "github", "some-server is not in npx's cache", "npm install it"},
    {Level::problem, "commands", "math", "nodex not found in PATH=/bin", "install it"}};

std::vector<Finding> looked_at(std::string_view check, const Subject& subject) {
  std::vector<Finding> findings;
  for (const Check& each : config_checks()) {
    Notes notes{each.name, findings};
    if (each.name == check) each.look(subject, notes);
  }
  return findings;
}

Subject subject_of(std::vector<config::Server> servers) {
  Subject subject;
  subject.files = {"/proj/mcp.json"};
  subject.reading.config.name = "demo";
  subject.reading.config.servers = std::move(servers);
  return subject;
}

config::Server server(const std::string& name, const std::string& command) {
  config::Server server;
  server.name = name;
  server.command = command;
  server.cwd = "/";
  return server;
}

}  // namespace

TEST_CASE("findings are a line each, with what to do below, and a sum") {
  CHECK(render(some, false) ==
        "ok       ports     2 ports free\n"
        "warning  npx       github: some-server is not in npx's cache\n"
        "                   -> npm install it\n"
        "problem  commands  math: nodex not found in PATH=/bin\n"
        "                   -> install it\n"
        "1 problem, 1 warning\n");
  CHECK(has_problem(some));
  CHECK_FALSE(has_problem({some[0], some[1]}));
}

TEST_CASE("findings as JSON keep their parts") {
  CHECK(to_json({some[0], some[2]}) ==
        R"({"ok":false,"findings":[{"level":"ok","check":"ports","server":null,)"
        R"("text":"2 ports free","advice":null},)"
        "\n "
        R"({"level":"problem","check":"commands",)"
        R"("server":"math","text":"nodex not found in PATH=/bin","advice":"install it"}]})"
        "\n");
}

TEST_CASE("npx's package is its first argument that is no option, without the version") {
  CHECK(npx_package(std::vector<std::string>{"-y", "@scope/server@1.2.3", "--port"}) ==
        "@scope/server");
  CHECK(npx_package(std::vector<std::string>{"server@latest"}) == "server");
  CHECK(npx_package(std::vector<std::string>{"--package", "a@2", "a-bin"}) == "a");
  CHECK(npx_package(std::vector<std::string>{"--package=b", "b-bin"}) == "b");
  CHECK(npx_package(std::vector<std::string>{"./local"}).empty());
  CHECK(npx_package(std::vector<std::string>{"github:owner/name"}).empty());
  CHECK(npx_package(std::vector<std::string>{"-y"}).empty());
  CHECK(npx_package(std::vector<std::string>{"--package"}).empty());
}

TEST_CASE("a program that is missing is a problem that names it, one that is there is fine") {
  const auto found = looked_at("commands", subject_of({server("a", "sh"), server("b", "/bin/sh")}));
  REQUIRE(found.size() == 1);
  CHECK(found[0] == Finding{Level::ok, "commands", "", "2 programs found", ""});

  const auto missing = looked_at("commands", subject_of({server("a", "no-such-program")}));
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].level == Level::problem);
  CHECK(missing[0].about == "a");
  CHECK(missing[0].text.find("no-such-program not found in PATH=") == 0);
}

TEST_CASE("a working folder that is missing is a problem") {
  config::Server lost = server("a", "sh");
  lost.cwd = "/nonexistent";
  const auto findings = looked_at("folders", subject_of({lost}));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].text == "its working folder /nonexistent is not there");
}

TEST_CASE("two servers on one port are a problem, whoever runs") {
  config::Server one = server("one", "sh");
  config::Server two = server("two", "sh");
  one.port = two.port = 1;
  Subject subject = subject_of({one, two});
  subject.is_running = true;
  const auto findings = looked_at("ports", subject);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].text == "port 1 is one's, too");
}

TEST_CASE("no configuration is a problem, and the machine is examined all the same") {
  Subject subject;
  subject.no_config = "no configuration found";
  const auto findings = examine(subject);
  CHECK(findings[0].level == Level::problem);
  CHECK(findings.size() > 3);
}

TEST_CASE("a server whose variable is unset is a problem of its own") {
  Subject subject = subject_of({});
  subject.reading.config.unusable.push_back({"github", "variable GITHUB_TOKEN is not set", {}});
  const auto findings = looked_at("configuration", subject);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].about == "github");
  CHECK(findings[0].text == "variable GITHUB_TOKEN is not set");
}
