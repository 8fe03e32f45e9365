#include "spawn/cgroup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <iterator>

#include "spawn/cgroup_files.h"
#include "spawn/own_cgroup.h"
#include "spawn/pipe.h"
#include "spawn/tree.h"
#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

/// A fleet's control group, where this machine lets us make one.
struct Groups {
  Groups() : fleet(FleetCgroup::create("unit test")) {
    if (!fleet) MESSAGE("skipped: " << fleet.error().message);
  }
  explicit operator bool() const { return fleet.has_value(); }
  Result<FleetCgroup> fleet;
};

/// Held together by the group alone.
Tree tree_in(Cgroup& group, ChildSpec spec) {
  const loop::Fd directory = group.open();
  spec.cgroup = directory.get();
  auto child = spawn::spawn(std::move(spec));
  REQUIRE(child);
  return Tree{std::move(*child), "no cookie at all", &group};
}

}  // namespace

TEST_CASE("our own cgroup is found on a unified machine") {
  const char* const mountinfo =
      "24 1 0:22 / /proc rw shared:12 - proc proc rw\n"
      "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

  const auto own = OwnCgroups{mountinfo, "0::/user.slice/session-1.scope\n"}.version_2();

  REQUIRE(own);
  CHECK(*own == "/sys/fs/cgroup/user.slice/session-1.scope");
}

TEST_CASE("our own cgroup is found on a hybrid machine") {
  const char* const mountinfo =
      "36 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

  const auto own = OwnCgroups{mountinfo, "4:memory:/some/where\n0::/\n"}.version_2();

  REQUIRE(own);
  CHECK(*own == "/sys/fs/cgroup/unified");
}

TEST_CASE("a mount of a part of the hierarchy, at a path with blanks, is understood") {
  const char* const mountinfo = "41 31 0:38 /a/b /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n";

  CHECK(OwnCgroups{mountinfo, "0::/a/b/c\n"}.version_2().value_or("") == "/mnt/my groups/c");
  CHECK(OwnCgroups{mountinfo, "0::/a/b\n"}.version_2().value_or("") == "/mnt/my groups");
  CHECK_FALSE(OwnCgroups{mountinfo, "0::/a/bc\n"}.version_2());
}

TEST_CASE("where our group usually lies is where the list of mounts has it") {
  const auto text = [](const char* name) { return cgroup::read_text(AT_FDCWD, name).value_or(""); };
  const OwnCgroups listed{text("/proc/self/mountinfo"), text("/proc/self/cgroup")};

  const auto place = OwnCgroups::now().version_2();
  const auto expected = listed.version_2();

  REQUIRE(place.has_value() == expected.has_value());
  if (place) CHECK(*place == *expected);
  CHECK(OwnCgroups::now().version_1("memory") == listed.version_1("memory"));
}

TEST_CASE("a machine without cgroup v2 says so") {
  const auto unmounted = OwnCgroups{"24 1 0:22 / /proc rw - proc proc rw\n", "0::/\n"}.version_2();
  const auto old = OwnCgroups{"24 1 0:22 / /proc rw - proc proc rw\n", "4:memory:/\n"}.version_2();
  const auto blind = OwnCgroups{"", ""}.version_2();
  const auto outside =
      OwnCgroups{"41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/../x\n"}.version_2();

  REQUIRE_FALSE(unmounted);
  CHECK(unmounted.error().message == "no cgroup v2 file system is mounted");
  REQUIRE_FALSE(old);
  CHECK(old.error().message == "the kernel has no cgroup v2");
  REQUIRE_FALSE(blind);
  CHECK(blind.error().message == "/proc is not mounted");
  REQUIRE_FALSE(outside);
  CHECK(outside.error().message == "our cgroup lies outside of our cgroup namespace");
}

TEST_CASE("our group in a hierarchy of version 1 is found by its controller") {
  const char* const mountinfo =
      "35 31 0:32 / /sys/fs/cgroup/cpu,memory rw - cgroup cgroup rw,cpu,memory\n"
      "36 31 0:33 /docker/1f /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  const char* const membership = "8:pids:/docker/1f/a\n4:cpu,memory:/some/where\n0::/\n";

  CHECK(OwnCgroups{mountinfo, membership}.version_1("memory") ==
        "/sys/fs/cgroup/cpu,memory/some/where");
  CHECK(OwnCgroups{mountinfo, membership}.version_1("pids") == "/sys/fs/cgroup/pids/a");
  CHECK_FALSE(OwnCgroups{mountinfo, membership}.version_1("mem"));
  CHECK_FALSE(OwnCgroups{mountinfo, "0::/\n"}.version_1("memory"));
}

TEST_CASE("where no control group can be made the reason names the path") {
  const Folder folder;

  const auto made = FleetCgroup::create_below(folder.path("absent"), "demo");

  REQUIRE_FALSE(made);
  CHECK(made.error().message ==
        "cannot create control group " + folder.path("absent") + ": No such file or directory");
}

TEST_CASE("a child is born in its control group, whatever way it is made") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  auto group = groups.fleet->incarnation_of("@scope/github");
  REQUIRE(group);

  for (const auto method : {CloneMethod::clone3, CloneMethod::clone, CloneMethod::fork}) {
    ChildSpec spec = program({"/usr/bin/grep", "^0::", "/proc/self/cgroup"});
    spec.method = method;
    const loop::Fd directory = group->open();
    spec.cgroup = directory.get();

    const std::string line = run(spec).output;

    CHECK(line.ends_with("/%40scope%2fgithub\n"));
    CHECK(line.find("mcpctl-unit%20test-") != std::string::npos);
    CHECK(group->is_populated() == false);
  }
}

TEST_CASE("a control group is removed with its owner") {
  std::string path;
  {
    const Groups groups;
    if (!groups) return;
    path = groups.fleet->path();
    auto group = groups.fleet->incarnation_of("github");
    REQUIRE(group);
    REQUIRE(std::filesystem::exists(path + "/github"));
  }

  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a control group is as new until something is alive, made, limited or killed in it") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  const auto fresh = [&groups] {
    auto made = groups.fleet->incarnation_of("github");
    REQUIRE(made);
    return std::move(*made);
  };

  Cgroup used = fresh();
  CHECK(used.is_as_new());
  ChildSpec spec = program({"/bin/cat"});
  const auto stdin_pipe = make_pipe(PipeDirection::to_child);
  REQUIRE(stdin_pipe);
  spec.descriptors = {{stdin_pipe->theirs.get(), 0}};
  const loop::Fd directory = used.open();
  spec.cgroup = directory.get();
  auto child = spawn::spawn(spec);
  REQUIRE(child);
  CHECK_FALSE(used.is_as_new());
  ::kill(child->pid, SIGKILL);
  ::waitpid(child->pid, nullptr, 0);
  CHECK(used.is_as_new());

  REQUIRE(::mkdirat(directory.get(), "below", 0755) == 0);
  CHECK_FALSE(used.is_as_new());
  Cgroup limited = fresh();
  limited.limit({});
  CHECK_FALSE(limited.is_as_new());
  Cgroup killed = fresh();
  killed.kill();
  CHECK_FALSE(killed.is_as_new());
}

TEST_CASE("a control group holds no descriptor, and tells of each child that is born in it") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
  };
  const auto before = open_descriptors();
  auto group = groups.fleet->incarnation_of("github");
  REQUIRE(group);
  CHECK(open_descriptors() == before);

  for (int child = 0; child < 2; ++child) {
    CHECK(group->is_populated() == false);
    Tree tree = tree_in(*group, shell("exec sleep 100"));
    CHECK(group->is_populated() == true);
    ::kill(tree.leader().pid, SIGKILL);
    wait_for(tree.leader());
  }

  CHECK(group->is_populated() == false);
  CHECK(open_descriptors() == before);
}

TEST_CASE("an incarnation lives although the group of the one before was killed") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  auto killed = groups.fleet->incarnation_of("github");
  REQUIRE(killed);
  if (!killed->kill()) {
    MESSAGE("skipped: no cgroup.kill here");
    return;
  }

  auto next = groups.fleet->incarnation_of("github");  // while the old one still exists
  REQUIRE(next);
  ChildSpec spec = program({"/bin/true"});
  const loop::Fd directory = next->open();
  spec.cgroup = directory.get();
  auto child = spawn::spawn(spec);
  REQUIRE(child);

  const ExitStatus status = wait_for(*child);
  CHECK(status.signal == 0);
  CHECK(status.code == 0);
  CHECK(std::filesystem::exists(groups.fleet->path() + "/github.2"));
}

TEST_CASE("a tree in a control group is killed at one stroke and its emptiness is exact") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  auto group = groups.fleet->incarnation_of("github");
  REQUIRE(group);
  Tree tree =
      tree_in(*group, shell("env -i setsid sh -c 'setsid sleep 100 & exec sleep 100' & wait"));
  ProcessTable never_refreshed;
  REQUIRE(eventually([&] { return group->processes().size() == 3; }));
  CHECK_FALSE(tree.is_empty(never_refreshed));

  tree.kill_round(never_refreshed);

  CHECK(eventually([&] { return tree.is_empty(never_refreshed); }));
  wait_for(tree.leader());
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("a signal in two steps reaches also those who left the group, though it has ended") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  auto group = groups.fleet->incarnation_of("github");
  REQUIRE(group);
  const Folder folder;
  folder.file("far.sh", "trap 'touch far; exit' TERM; touch armed; while :; do sleep 0.01; done");
  Tree tree =
      tree_in(*group, shell("cd " + folder.path() + "; setsid env -i PATH=$PATH sh far.sh & wait"));
  REQUIRE(eventually([&] { return folder.has("armed"); }));

  REQUIRE(tree.signal_group_first(SIGTERM));
  wait_for(tree.leader());
  CHECK_FALSE(folder.has("far"));
  ProcessTable table;
  REQUIRE(table.refresh());
  CHECK(tree.signal_rest(SIGTERM, table) > 0);

  CHECK(eventually([&] { return tree.is_empty(table); }));
  CHECK(folder.has("far"));
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("the second step wakes who is stopped to hear the first") {
  const NoChildLeft check;
  const Groups groups;
  if (!groups) return;
  auto group = groups.fleet->incarnation_of("github");
  REQUIRE(group);
  Tree tree = tree_in(*group, shell("kill -STOP $$; sleep 100"));
  ProcessTable table;
  REQUIRE(eventually([&] {
    REQUIRE(table.refresh());
    const ProcessStat* const leader = table.find(tree.leader().pid);
    return leader != nullptr && leader->state == 'T';
  }));

  REQUIRE(tree.signal_group_first(SIGTERM));
  CHECK_FALSE(tree.is_empty(table));
  tree.signal_rest(SIGTERM, table);

  CHECK(eventually([&] { return tree.is_empty(table); }));
  wait_for(tree.leader());
}

TEST_CASE("a limit that cannot be set is named, and no limit is no complaint") {
  const Groups groups;
  if (!groups) return;
  auto group = groups.fleet->incarnation_of("github");
  REQUIRE(group);
  const auto available = [&] {
    std::ifstream in{groups.fleet->path() + "/github/cgroup.controllers"};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  }();

  CHECK(group->limit({}).empty());
  const auto refused = group->limit({.memory = 64u << 20, .pids = 10});

  const bool has_memory = available.find("memory") != std::string::npos;
  const bool has_pids = available.find("pids") != std::string::npos;
  std::vector<std::string> expected;
  if (!has_memory) expected.push_back("memory.max: the memory controller is not available here");
  if (!has_pids) expected.push_back("pids.max: the pids controller is not available here");
  CHECK(refused == expected);
  CHECK(group->oom_kills().has_value() == has_memory);
}

TEST_CASE("the group that a dead run with our own pid left is not taken for ours") {
  const auto where = OwnCgroups::now().version_2();
  if (!where || !FleetCgroup::create_below(*where, "unit probe")) {
    MESSAGE("skipped: no writable control group");
    return;
  }
  const std::string path = *where + "/mcpctl-unit%20again-" + std::to_string(::getpid());
  REQUIRE(std::filesystem::create_directories(path + "/github"));

  const auto fleet = FleetCgroup::create_below(*where, "unit again");

  REQUIRE(fleet.has_value());
  CHECK(fleet->path() == path);
  CHECK(fleet->where() == *where);
  CHECK_FALSE(std::filesystem::exists(path + "/github"));
}

TEST_CASE("what a dead run left is killed and removed, a live run's group is spared") {
  const NoChildLeft check;
  const auto where = OwnCgroups::now().version_2();
  if (!where || !FleetCgroup::create_below(*where, "unit probe")) {
    MESSAGE("skipped: no writable control group");
    return;
  }
  // A supervisor that is killed with its server's group populated.
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    auto fleet = FleetCgroup::create_below(*where, "unit stale");
    auto group = fleet->incarnation_of("github");
    ChildSpec spec = shell("sleep 100 & wait");
    const loop::Fd directory = group->open();
    spec.cgroup = directory.get();
    spec.parent_death_signal = 0;
    auto child = spawn::spawn(spec);
    ::raise(child ? SIGSTOP : SIGABRT);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(supervisor, &status, WUNTRACED);
  REQUIRE(WIFSTOPPED(status));
  const std::string path = *where + "/mcpctl-unit%20stale-" + std::to_string(supervisor);

  CHECK(remove_stale_cgroups(*where, "unit stale").empty());  // it lives
  CHECK(std::filesystem::exists(path));
  ::kill(supervisor, SIGKILL);
  CHECK(remove_stale_cgroups(*where, "unit").empty());  // another fleet's

  CHECK(eventually([&] {
    remove_stale_cgroups(*where, "unit stale");
    return !std::filesystem::exists(path);
  }));
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}
