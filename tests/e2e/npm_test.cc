// The official servers of the MCP project, run by node and through npx, whose trees
// are npm, a shell and node: whatever happens to them, no process is left.
#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

const std::string installed = MCPCTL_NPM_SERVERS;
constexpr const char* package_prefix = "@modelcontextprotocol/server-";

std::string script_of(const std::string& server) {
  return installed + "/node_modules/" + package_prefix + server + "/dist/index.js";
}

bool are_installed() {
  if (::access(script_of("everything").c_str(), R_OK) == 0) return true;
  MESSAGE("skipped: the official servers are not installed (ctest -L npm does it)");
  return false;
}

/// With `folder` as what it may see and keep.
Json server(const std::string& name, bool through_npx, const std::string& folder) {
  Json entry{{"command", through_npx ? "npx" : "node"}, {"args", Json::array()}};
  if (through_npx) {
    // What is installed there is used, and nothing downloaded.
    entry["args"] = {"--offline", "--no-update-notifier", package_prefix + name};
    entry["cwd"] = installed;
  } else {
    entry["args"].push_back(script_of(name));
  }
  if (name == "filesystem") entry["args"].push_back(folder);
  entry["env"] = {{"MEMORY_FILE_PATH", folder + "/memory.jsonl"}};
  return entry;
}

void fill(Fleet& fleet) {
  for (const char* name : {"everything", "filesystem", "memory", "sequential-thinking"}) {
    fleet.servers()[name] = server(name, false, fleet.folder());
    fleet.servers()[std::string{name} + "-npx"] = server(name, true, fleet.folder());
  }
  fleet.write();
}

/// Node takes seconds to start where processors are busy.
void await_ready(Fleet& fleet) {
  const Outcome wait = fleet.control({"wait", "--timeout", "120s"}, 150s);
  CAPTURE(wait.err);
  REQUIRE(wait.exit_code == 0);
}

std::map<std::string, pid_t> pids_of(Fleet& fleet) {
  std::map<std::string, pid_t> pids;
  const Json status = fleet.status();
  for (const Json& each : status["servers"]) {
    pids[each["name"].get<std::string>()] = each["pid"].get<pid_t>();
  }
  return pids;
}

}  // namespace

TEST_CASE("official servers show their tools, come back from kill -9, and stop in their time") {
  if (!are_installed()) return;
  Fleet fleet{Json::object(), {{"maxConcurrentStarts", 3}}};
  fill(fleet);
  fleet.start();
  eventually([&] { return !fleet.status().is_null(); });
  await_ready(fleet);

  const Json status = fleet.status();
  REQUIRE(status["servers"].size() == 8);
  for (const Json& each : status["servers"]) {
    const auto name = each["name"].get<std::string>();
    CAPTURE(name);
    // They are listed a moment after the handshake that proves it ready.
    fleet.await_that(name, [](const Json& now) { return !now["tools"].empty(); });
    CHECK(each["restarts"] == 0);
    if (name.ends_with("-npx")) CHECK(each["processes"].get<int>() >= 2);
  }

  // kill -9 of two leaders, node itself and npx above it: the rest of a tree goes, too.
  const auto before = pids_of(fleet);
  const std::vector<Process> npx_tree = fleet.processes_of("filesystem-npx");
  ::kill(before.at("filesystem-npx"), SIGKILL);
  ::kill(before.at("everything"), SIGKILL);
  fleet.await_that("everything", [](const Json& each) { return each["restarts"] == 1; });
  fleet.await_that("filesystem-npx", [](const Json& each) { return each["restarts"] == 1; });
  for (const Process& process : npx_tree) CHECK_FALSE(is_alive(process.pid));
  await_ready(fleet);

  // A reload restarts the one that changed.
  const auto between = pids_of(fleet);
  CHECK(between.at("memory-npx") == before.at("memory-npx"));
  const std::vector<Process> memory_tree = fleet.processes_of("memory-npx");
  fleet.servers()["memory-npx"]["env"]["MEMORY_FILE_PATH"] = fleet.file("other.jsonl");
  fleet.write();
  CHECK(fleet.control({"reload"}).exit_code == 0);
  fleet.await_that("memory-npx", [&](const Json& each) {
    return each["state"] == "starting" || each["pid"] != before.at("memory-npx");
  });
  await_ready(fleet);
  for (const Process& process : memory_tree) {
    CHECK(eventually([&] { return !is_alive(process.pid); }));
  }
  CHECK(fleet.pid("everything-npx") == before.at("everything-npx"));

  const Ended ended = fleet.stop();
  CHECK(ended.exit_code == 0);
  CHECK(ended.took < 10s);
}

TEST_CASE("kill -9 of the supervisor leaves no node, no npm and no shell after a second") {
  if (!are_installed()) return;
  Fleet fleet{Json::object()};
  fill(fleet);
  fleet.start();
  eventually([&] { return !fleet.status().is_null(); });
  await_ready(fleet);
  REQUIRE(fleet.processes().size() >= 12);

  ::kill(fleet.supervisor(), SIGKILL);

  fleet.expect_nothing_left(1'000ms);
  CHECK(fleet.program().wait() == 137);
}
