// What a server inherits and what it may use.
#include <doctest/doctest.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

/// What the companion `server`, whose deed is to inspect itself, inherited.
Json inheritance(Fleet& fleet, const std::string& server) {
  fleet.await(server, "completed");
  const std::string path = "/api/v1/servers/" + server + "/logs";
  Json found;
  // The last lines may be read a moment after the exit.
  eventually([&] {
    const Json lines = Json::parse(fleet.request("GET", path), nullptr, false);
    for (const Json& line : lines) {
      if (line.is_object() && line["stream"] == "stdout") {
        found = Json::parse(line["text"].get<std::string>(), nullptr, false);
      }
    }
    return found.is_object();
  });
  REQUIRE(found.is_object());
  return found;
}

/// A control group with a limit on memory, as a container has one.  Of version 1: there
/// is none of version 2 that may have both limits and processes of ours in it.
class MemoryGroup {
 public:
  explicit MemoryGroup(std::size_t bytes) {
    std::ifstream membership{"/proc/self/cgroup"};
    for (std::string line; std::getline(membership, line);) {
      const auto controller = line.find(":memory:");
      if (controller == std::string::npos) continue;
      path_ = "/sys/fs/cgroup/memory" + line.substr(controller + 8) + "/mcpctl-test-" +
              std::to_string(::getpid());
    }
    const std::string limit = std::to_string(bytes);
    exists_ = !path_.empty() && ::mkdir(path_.c_str(), 0755) == 0;
    if (!exists_) return;
    write_file(path_ + "/memory.limit_in_bytes", limit);
    write_file(path_ + "/memory.memsw.limit_in_bytes", limit);  // no way out into swap
  }
  ~MemoryGroup() {
    if (exists_) CHECK(eventually([this] { return ::rmdir(path_.c_str()) == 0; }));
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  explicit operator bool() const { return exists_; }
  /// What a command is started with to be in it.
  std::vector<std::string> before() const {
    return {"sh", "-c", "echo $$ >" + path_ + "/cgroup.procs && exec \"$@\"", "sh"};
  }

 private:
  std::string path_;
  bool exists_{false};
};

}  // namespace

TEST_CASE("a server sees the allowed environment, its own descriptors and a clean slate") {
  const Json inherit{{"restart", "never"}, {"inheritEnv", {"WANTED"}}, {"umask", "027"}};
  Json server = companion({"inspect"}, inherit);
  server["env"] = {{"OWN", "mine"}};
  Fleet fleet{Json{{"inspected", server}}, quick()};
  fleet.set_variable("WANTED", "passed on");
  fleet.set_variable("STRANGE_TOKEN", "not for servers");
  fleet.set_variable("LC_ALL", "C.UTF-8");

  fleet.start();
  const Json found = inheritance(fleet, "inspected");

  std::set<std::string> names;
  for (const auto& [name, value] : found["env"].items()) names.insert(name);
  CHECK(names ==
        std::set<std::string>{"HOME", "LC_ALL", "MCPCTL_ID", "OWN", "PATH", "TERM", "WANTED"});
  CHECK(found["env"]["OWN"] == "mine");
  CHECK(found["env"]["WANTED"] == "passed on");
  CHECK(found["cwd"] == fleet.folder());
  CHECK(found["umask"] == "0027");
  CHECK(found["sid"] == found["pid"]);
  CHECK(found["pgid"] == found["pid"]);
  CHECK(found["blocked"] == Json::array());
  CHECK(found["ignored"] == Json::array());
  CHECK(found["fds"].size() == 3);
  CHECK(found["parent_death_signal"] == SIGKILL);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server gets the descriptor limit that was, not the one that mcpctl wants for itself") {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit usual{std::min<rlim_t>(1000, before.rlim_max), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &usual);
  Fleet fleet{Json{{"plain", companion({"inspect"}, {{"restart", "never"}})}}, quick()};

  fleet.start();
  ::setrlimit(RLIMIT_NOFILE, &before);

  CHECK(inheritance(fleet, "plain")["rlimits"]["nofile"] == Json{usual.rlim_cur, usual.rlim_max});
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("limits and identity are set as configured") {
  Json ours{{"restart", "never"},
            {"rlimits", {{"nofile", {{"soft", 100}, {"hard", 200}}}, {"core", 0}}}};
  Fleet fleet{Json{{"limited", companion({"inspect"}, ours)}}, quick()};
  const bool can_change = ::geteuid() == 0 && others_may_run(misbehave_binary);
  if (can_change) {
    ours["user"] = "nobody";
    ours["oomScoreAdj"] = 500;
    fleet.servers()["nobody"] = companion({"inspect"}, ours);
    fleet.servers()["nobody"]["cwd"] = "/";
    fleet.write();
  }

  fleet.start();
  const Json limited = inheritance(fleet, "limited");

  CHECK(limited["rlimits"]["nofile"] == Json{100, 200});
  CHECK(limited["rlimits"]["core"] == Json{0, 0});
  if (can_change) {
    const Json nobody = inheritance(fleet, "nobody");
    const passwd* entry = ::getpwnam("nobody");
    CHECK(nobody["uid"] == entry->pw_uid);
    CHECK(nobody["gid"] == entry->pw_gid);
    CHECK(nobody["rlimits"]["nofile"] == Json{100, 200});
    CHECK(nobody["oom_score_adj"] == 500);
  } else {
    MESSAGE("skipped: user and oomScoreAdj (not root, or the build folder is private)");
  }
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server over its memory limit is restarted in an orderly way, for that reason") {
  const Json limit{{"memory", "64MiB"}};
  Fleet fleet{Json{{"eater", misbehaving({"eat-memory", "--mib=150", "--after=300"}, limit)},
                   {"modest", misbehaving({}, limit)}},
              quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t first = fleet.pid("eater");
  const pid_t modest = fleet.pid("modest");

  fleet.await_restart("eater", first);

  bool named = false;
  for (const Json& transition : fleet.transitions()) {
    const std::string why = transition["why"].get<std::string>();
    named = named || why.find("over its memory limit") != std::string::npos;
  }
  CHECK(named);
  CHECK(fleet.server("eater")["restarts"] == 1);
  CHECK(fleet.pid("modest") == modest);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that the kernel kills for lack of memory is said to have died of that") {
  if (sanitizer_cost > 1) {
    MESSAGE("skipped: under a sanitizer the supervisor is the largest process of all");
    return;
  }
  const MemoryGroup group{128 << 20};
  if (!group) {
    MESSAGE("skipped: no memory controller of version 1 is writable here");
    return;
  }
  const Json once{{"restart", "never"}};
  Fleet fleet{Json{{"eater", misbehaving({"eat-memory", "--mib=400", "--after=300"}, once)},
                   {"killed", misbehaving({}, once)}},
              quick()};
  fleet.start({}, group.before());
  fleet.await("killed", "ready");

  fleet.await("eater", "failed");
  ::kill(fleet.pid("killed"), SIGKILL);
  fleet.await("killed", "failed");

  const Json eater = fleet.server("eater");
  CHECK(eater["last_exit"]["out_of_memory"] == true);
  CHECK(eater["why"].get<std::string>().starts_with("killed by SIGKILL (out of memory)"));
  const Json killed = fleet.server("killed");
  CHECK(killed["last_exit"]["out_of_memory"] == false);
  CHECK(killed["why"].get<std::string>().starts_with("killed by SIGKILL after"));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a limit on processes is enforced, or its absence is told") {
  Fleet fleet{Json{{"bomb", misbehaving({"bomb", "--interval=50", "--limit=60"}, {{"pids", 16}})}},
              quick("200ms")};

  fleet.start();
  fleet.await("bomb", "ready");

  const auto notes = [&fleet] { return fleet.request("GET", "/api/v1/servers/bomb/logs"); };
  const bool enforced = notes().find("not enforced") == std::string::npos;
  if (enforced) {
    CHECK(stays([&] { return fleet.processes_of("bomb").size() <= 16; }, 1'500ms));
  } else {
    MESSAGE("skipped: no control group is writable here");
    CHECK(eventually([&] { return fleet.processes_of("bomb").size() > 16; }));
  }
  CHECK(fleet.stop().exit_code == 0);
}
