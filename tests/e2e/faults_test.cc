// Each system call of the supervisor fails once, at every place where it is made in the
// life of a fleet: start, readiness, a crash, a reload, ps, stop.  Whatever fails, the
// supervisor lives and the fleet recovers; what cannot start says why.
//
// The usual run takes the first, a middle and the last call of each kind.  All of them:
// ./dev faults, which sets MCPCTL_FAULTS=all; one again: MCPCTL_FAULTS=write:file=ENOSPC@3.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

/// What the kernel can really answer there; EINTR for what always succeeds otherwise.
struct Fault {
  const char* call;
  const char* error;
  /// Made often, with the same consequence each time: a sample is enough even for "all".
  bool is_frequent{false};
};

constexpr Fault possible_faults[] = {
    {"accept4", "EMFILE"},
    {"bind", "EACCES"},
    {"brk", "ENOMEM"},  // which it tells by its value
    {"clone", "EAGAIN"},
    {"clone3", "EAGAIN"},
    {"clone3", "ENOMEM"},
    {"connect", "ECONNREFUSED"},
    {"epoll_ctl", "ENOMEM"},
    {"epoll_ctl", "ENOSPC"},
    {"epoll_pwait", "EINTR"},
    {"epoll_wait", "EINTR"},
    {"eventfd2", "EMFILE"},
    {"fchmod", "EPERM"},
    {"flock", "ENOLCK"},
    {"fsync", "EIO"},
    {"ftruncate", "EIO"},
    {"getdents64", "EIO"},
    {"inotify_add_watch", "ENOSPC"},
    {"inotify_init1", "EMFILE"},
    {"listen", "EAGAIN"},
    {"mkdir", "ENOSPC"},
    {"mkdirat", "ENOSPC"},
    {"mmap:anonymous", "ENOMEM"},
    {"newfstatat", "EIO"},
    {"openat:file", "EMFILE"},
    {"openat:file", "ENFILE"},
    {"openat:proc", "EMFILE", true},
    {"pidfd_open", "EMFILE"},
    {"pidfd_send_signal", "ESRCH"},
    {"pipe2", "EMFILE"},
    {"read:file", "EIO"},
    {"read:pipe", "EINTR"},
    {"read:proc", "ESRCH", true},
    {"read:socket", "ECONNRESET"},
    {"recvfrom:socket", "ECONNRESET"},
    {"recvmsg:socket", "ENOMEM"},
    {"rename", "EROFS"},
    {"renameat", "EROFS"},
    {"sendmsg:socket", "ENOBUFS"},
    {"sendto:socket", "ENOBUFS"},
    {"socket", "EMFILE"},
    {"unlink", "EROFS"},
    {"unlinkat", "EROFS"},
    {"write:file", "ENOSPC"},
    // Not write:pipe: libuv's pipes to itself cannot fail so, and it relies on that.
    {"write:socket", "ECONNRESET"},
    {"writev:socket", "ECONNRESET"},
};

constexpr const char* injector = MCPCTL_BINARY_DIR "/tests/inject";

/// A fleet with something of everything that the supervisor does.
struct Standard {
  Standard() {
    ours["logs"] = {{"dir", "logs"}, {"maxSize", "4KiB"}, {"keep", 2}};
    ours["defaults"]["readiness"] = {{"timeout", "2s"}};
    const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                       {"url", "http://127.0.0.1:${PORT}/mcp"},
                       {"env", {{"PORT", "${PORT}"}}},
                       {"x-mcpctl", {{"port", 0}}}};
    const Json watched{
        {"readiness", "notify"},
        {"liveness", {{"method", "exec"}, {"command", {"true"}}, {"interval", "100ms"}}}};
    servers = Json{{"stdio", misbehaving({"log-line", "chatter", "--interval=20", "--line=200"})},
                   {"http", weather},
                   {"notify", companion({"notify", "daemon"}, watched)}};
  }

  Json ours = quick("300ms");
  Json servers;
};

/// What happened to one fleet under one fault.
struct Story {
  bool refused{false};  ///< to start, with a reason
  std::string trouble;  ///< which promise was broken; "" if none
  std::string output;
};

bool all_ready(Fleet& fleet) {
  const Json status = fleet.status();
  if (status.is_null()) return false;
  return std::ranges::all_of(status["servers"],
                             [](const Json& server) { return server["state"] == "ready"; });
}

bool reloads(Fleet& fleet) {
  // The one failure may be that of the reload itself, which says so and changes nothing.
  for (int attempt = 0; attempt < 2; ++attempt) {
    fleet.program().signal(SIGHUP);
    if (eventually([&] { return fleet.said("configuration reloaded"); }, 2s * sanitizer_cost))
      return true;
  }
  return false;
}

/// The whole life of a fleet.  Returns the first promise that did not hold.
std::string live(Fleet& fleet, bool& refused) {
  const Milliseconds limit = 8s * sanitizer_cost;
  if (!eventually([&] { return !fleet.program().is_running() || all_ready(fleet); }, limit))
    return "not ready in time";
  if (const auto code = fleet.program().wait(0ms)) {
    refused = true;
    const bool tells = fleet.said("cannot ") && (*code == 1 || *code == 3);
    return tells ? "" : "ended with " + std::to_string(*code) + " and no reason";
  }
  pid_t victim = 0;  // our question may be what fails
  if (!eventually([&] { return (victim = fleet.pid("stdio")) != nobody; }, limit)) return "no pid";
  ::kill(victim, SIGKILL);
  const auto is_back = [&] { return all_ready(fleet) && fleet.pid("stdio") != victim; };
  if (!eventually(is_back, limit)) return "the killed server did not come back";
  fleet.servers()["new"] = misbehaving({"modern"});
  fleet.write();
  if (!reloads(fleet)) return "no reload";
  if (!eventually([&] { return !fleet.server("new").is_null() && all_ready(fleet); }, limit))
    return "what the reload added is not ready";
  // With what each costs, and twice: one of them may fail.
  const auto ps = [&] { return fleet.control({"ps", "--json"}, limit).exit_code == 0; };
  if (!ps() && !ps()) return "ps does not answer";
  if (fleet.request("GET", "/metrics").empty() && fleet.request("GET", "/metrics").empty())
    return "metrics do not answer";
  fleet.program().signal(SIGTERM);
  const auto code = fleet.program().wait(limit);
  if (!code) return "does not end";
  if (*code != 0) return "ended with " + std::to_string(*code);
  return "";
}

Story try_fault(const std::vector<std::string>& injection) {
  Standard standard;
  Fleet fleet{standard.servers, standard.ours};
  std::vector<std::string> before{injector, "--report", fleet.file("report")};
  before.insert(before.end(), injection.begin(), injection.end());
  before.push_back("--");
  fleet.start({}, before);
  Story story;
  story.trouble = live(fleet, story.refused);
  story.output = fleet.output();
  if (story.trouble.empty() && !eventually([&] { return fleet.processes().empty(); }, 1s))
    story.trouble = "left behind: " + describe(fleet.processes());
  if (injection.empty()) {
    // How often each call is made, for whoever plans the next ones.
    REQUIRE(eventually([&] { return !read_file(fleet.file("report")).empty(); }));
    story.output = read_file(fleet.file("report"));
  } else if (read_file(fleet.file("report")).empty()) {
    story.output.clear();  // fewer calls this time: nothing was injected
  }
  return story;
}

std::map<std::string, long> count_calls() {
  std::map<std::string, long> counts;
  std::istringstream report{try_fault({}).output};
  std::string call;
  for (long count = 0; report >> call >> count;) counts[call] = count;
  return counts;
}

/// Which of `count` calls fail, each in a run of its own.
std::set<long> places(long count, const Fault& kind, bool all) {
  std::set<long> chosen{1, (count + 1) / 2, count};
  if (!all) return chosen;
  const long step = kind.is_frequent ? std::max(1L, count / 40) : 1;
  for (long at = 1; at <= count; at += step) chosen.insert(at);
  return chosen;
}

std::vector<std::string> plan(const std::string& wish) {
  if (!wish.empty() && wish != "all") return {wish};
  const std::map<std::string, long> counts = count_calls();
  std::vector<std::string> faults;
  for (const Fault& kind : possible_faults) {
    const auto made = counts.find(kind.call);
    if (made == counts.end()) continue;
    for (const long at : places(made->second, kind, wish == "all"))
      faults.push_back(std::string{kind.call} + '=' + kind.error + '@' + std::to_string(at));
  }
  return faults;
}

bool may_inject() {
  const Folder folder;
  Launch launch;
  launch.argv = {injector, "--report", folder.file("report"), "--", "true"};
  launch.env = plain_environment(folder.path());
  return run_to_end(launch).exit_code == 0;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

TEST_CASE("any system call may fail once: the supervisor lives, or says why it cannot start") {
  if (!may_inject()) {
    MESSAGE("skipped: needs seccomp's user notifications (Linux 5.19)");
    return;
  }
  const std::vector<std::string> faults = plan(variable("MCPCTL_FAULTS"));
  REQUIRE_FALSE(faults.empty());
  // MCPCTL_FAULTS_SHARE=2/4: the second of four programs that share the work.
  std::size_t share = 1, shares = 1;
  std::sscanf(variable("MCPCTL_FAULTS_SHARE").c_str(), "%zu/%zu", &share, &shares);

  std::size_t injected = 0, refused = 0;
  for (std::size_t i = share - 1; i < faults.size(); i += shares) {
    if (sanitizer_cost != 1 && (faults[i].starts_with("mmap") || faults[i].starts_with("brk")))
      continue;  // its runtime has no answer to that
    const Story story = try_fault({"--fault", faults[i]});
    injected += story.output.empty() ? 0 : 1;
    refused += story.refused ? 1 : 0;
    CAPTURE(faults[i]);
    CAPTURE(story.output);
    CHECK(story.trouble == "");
  }
  std::printf("faults: %zu injected, %zu of them at the start, which said why\n", injected,
              refused);
  CHECK(injected > 0);
}
