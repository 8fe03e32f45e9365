// Who may hand controllers down, and what must move for that.  In part on folders made
// to look like control groups; the rule of the kernel itself is met where a controller
// of version 2 is there, be it one that nobody wants.
#include "spawn/cgroup_delegation.h"

#include "spawn/cgroup.h"
#include "spawn/own_cgroup.h"
#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A folder with the files of a group and, below it, of the fleet's.
struct LooksLikeGroup {
  LooksLikeGroup(const std::string& controllers, const std::string& processes) {
    std::filesystem::create_directory(folder.path("fleet"));
    for (const std::string& group : {std::string{}, std::string{"fleet/"}}) {
      put(group + "cgroup.controllers", controllers);
      put(group + "cgroup.subtree_control", "");
      put(group + "cgroup.procs", "");
    }
    put("cgroup.procs", processes);
    ours = loop::Fd{::open(folder.path("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    fleets = loop::Fd{::open(folder.path("fleet").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  }
  void put(const std::string& file, const std::string& text) const {
    std::ofstream{folder.path(file)} << text;
  }
  Delegation delegate(const CgroupWishes& wishes) const {
    return spawn::delegate(ours.get(), fleets.get(), wishes);
  }

  Folder folder;
  loop::Fd ours;
  loop::Fd fleets;
};

/// A controller of version 2 that this machine lets us hand down, or "".
std::string any_controller(const std::string& group) {
  std::istringstream words{text_of(group + "/cgroup.controllers")};
  std::string word;
  words >> word;
  return word;
}

/// In a process of its own, in a new group that holds it alone or, with `company`,
/// another process too: what it finds, as lines of words.
std::string in_a_group_of_its_own(const std::string& where, const std::string& controller,
                                  bool company) {
  const std::string group = where + "/unit-delegation-" + std::to_string(::getpid());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(::mkdir(group.c_str(), 0755) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream{group + "/cgroup.procs"} << ::getpid() << std::flush;
    const pid_t other = company ? ::fork() : 0;
    if (company && other == 0) {
      ::pause();
      ::_exit(0);
    }
    std::string said;
    const auto here = [&] {
      const std::string own = *OwnCgroups::now().version_2();
      return own.starts_with(group) ? own.substr(group.size()) : own;
    };
    {
      const auto fleet = FleetCgroup::create_below(
          group, "x", {.controllers = {controller}, .own_processes = {::getpid()}});
      if (!fleet) ::_exit(1);
      const std::string path = fleet->path().substr(group.size());
      said += "in " + (here() == path + "/@supervisor" ? "the leaf" : "\"" + here() + "\"") + "\n";
      said += "missing " + fleet->missing() + "\n";
      const auto server = fleet->incarnation_of("github");
      said += "server " + text_of(fleet->path() + "/github/cgroup.controllers");
    }
    said += "\nback in \"" + here() + "\"\n";
    said += "handed down " + text_of(group + "/cgroup.subtree_control");
    if (other > 0) ::kill(other, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    [[maybe_unused]] const auto put = ::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  const loop::Fd reading{ends[0]};
  std::string said;
  char bytes[1024];
  for (ssize_t got; (got = ::read(reading.get(), bytes, sizeof bytes)) > 0;) {
    said.append(bytes, static_cast<std::size_t>(got));
  }
  ::waitpid(child, nullptr, 0);
  CHECK(::rmdir(group.c_str()) == 0);  // nothing is left in it
  return said;
}

}  // namespace

TEST_CASE("others in our group keep us there, and are counted") {
  const LooksLikeGroup group{"cpu memory pids", "1\n7\n8\n"};

  const Delegation one = group.delegate({.own_processes = {1, 7}});
  const Delegation two = group.delegate({.own_processes = {1}});

  CHECK(one.missing == "1 other process is in our own control group");
  CHECK(two.missing == "2 other processes are in our own control group");
  CHECK(one.moved.empty());
  CHECK(text_of(group.folder.path("cgroup.procs")) == "1\n7\n8\n");
  CHECK_FALSE(std::filesystem::exists(group.folder.path("fleet/@supervisor")));
}

TEST_CASE("a controller that nobody gives us is named, and moves nobody") {
  const LooksLikeGroup neither{"cpu io", "7\n"};
  const LooksLikeGroup one{"memory", "7\n"};
  one.put("cgroup.subtree_control", "memory ");

  const Delegation none = neither.delegate({.own_processes = {7}});
  const Delegation half = one.delegate({.own_processes = {7}});

  CHECK(none.missing == "the kernel or a parent group gives us no memory and pids controller");
  CHECK(none.moved.empty());
  CHECK(half.missing == "the kernel or a parent group gives us no pids controller");
  CHECK(half.moved.empty());
}

TEST_CASE("what stands handed down already is used as it is") {
  const LooksLikeGroup group{"cpu memory pids", "7\n8\n"};
  group.put("cgroup.subtree_control", "memory pids\n");

  const Delegation done = group.delegate({});

  CHECK(done.missing == "");
  CHECK(done.handed_down.empty());
  CHECK(text_of(group.folder.path("cgroup.subtree_control")) == "memory pids\n");
}

TEST_CASE("alone in our group we move into a leaf for the servers' limits, and back") {
  const NoChildLeft check;
  const auto where = OwnCgroups::now().version_2();
  const std::string controller = where ? any_controller(*where) : "";
  const auto handed_down = [&] { return text_of(*where + "/cgroup.subtree_control"); };
  if (controller.empty() || !FleetCgroup::create_below(*where, "unit probe")) {
    MESSAGE("skipped: no controller of version 2, or no writable control group");
    return;
  }
  const bool was_handed_down = handed_down().find(controller) != std::string::npos;
  std::ofstream{*where + "/cgroup.subtree_control"} << "+" + controller;
  if (handed_down().find(controller) == std::string::npos) {
    MESSAGE("skipped: the group of this test holds processes");
    return;
  }

  const std::string alone = in_a_group_of_its_own(*where, controller, false);
  const std::string crowded = in_a_group_of_its_own(*where, controller, true);

  CHECK(alone == "in the leaf\nmissing \nserver " + controller + "\n\nback in \"\"\nhanded down ");
  CHECK(crowded ==
        "in \"\"\nmissing 1 other process is in our own control group\nserver \nback in "
        "\"\"\nhanded down ");
  if (!was_handed_down) std::ofstream{*where + "/cgroup.subtree_control"} << "-" + controller;
}
