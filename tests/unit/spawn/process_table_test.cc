#include "spawn/process_table.h"

#include "spawn/cookie.h"
#include "tests/unit/spawn/processes.h"

using namespace test;

TEST_CASE("a stat line is read, parentheses and blanks in the name included") {
  ProcessStat stat;

  REQUIRE(
      parse_stat("4711 (a) b (c)) S 1 4710 4709 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 3 0 "
                 "987654 1000000 250 18446744073709551615 1 1\n",
                 stat));

  CHECK(stat.pid == 4711);
  CHECK(std::string(stat.command) == "a) b (c)");
  CHECK(stat.state == 'S');
  CHECK(stat.parent == 1);
  CHECK(stat.group == 4710);
  CHECK(stat.session == 4709);
  CHECK(stat.cpu_ticks == 100);
  CHECK(stat.threads == 3);
  CHECK(stat.start_time == 987654);
  CHECK(stat.rss_pages == 250);
}

TEST_CASE("a stat line that is cut off is refused") {
  ProcessStat stat;

  CHECK_FALSE(parse_stat("", stat));
  CHECK_FALSE(parse_stat("4711 (sh", stat));
  CHECK_FALSE(parse_stat("4711 (sh) S 1 2 3", stat));
}

TEST_CASE("a process whose main thread has ended lives as long as another runs") {
  ProcessStat stat;
  stat.state = 'Z';

  stat.threads = 2;
  CHECK(stat.is_alive());
  stat.threads = 1;
  CHECK_FALSE(stat.is_alive());
}

TEST_CASE("a snapshot has this process, its parent and its child in their places") {
  const NoChildLeft check;
  auto child = spawn::spawn(program({"/bin/sleep", "100"}));
  REQUIRE(child);
  ProcessTable table;

  REQUIRE(table.refresh());

  const ProcessStat* const self = table.find(::getpid());
  REQUIRE(self != nullptr);
  CHECK(self->parent == ::getppid());
  REQUIRE(table.children_of(::getpid()).size() == 1);
  CHECK(table.children_of(::getpid())[0].process->pid == child->pid);
  CHECK(table.session(child->pid).size() == 1);
  CHECK(table.is_descendant_of_ours(*table.find(child->pid)));
  CHECK_FALSE(table.is_descendant_of_ours(*self));
  CHECK(table.find(0) == nullptr);
  ::kill(child->pid, SIGKILL);
  wait_for(*child);
}

TEST_CASE("a cookie is read from the environment, long as that may be") {
  const NoChildLeft check;
  ChildSpec spec = program({"/bin/sleep", "100"});
  spec.env = {"LONG=" + std::string(100'000, 'x'), "NOT_MCPCTL_ID=wrong", "MCPCTL_ID=right"};
  auto child = spawn::spawn(spec);
  REQUIRE(child);
  ProcessTable table;

  CHECK(eventually([&] {
    REQUIRE(table.refresh());
    return table.cookie_of(*table.find(child->pid)) == "right";
  }));

  ::kill(child->pid, SIGKILL);
  wait_for(*child);
}

TEST_CASE("a child whose owner looks after it is no orphan") {
  const NoChildLeft check;
  ChildSpec spec = program({"/bin/sleep", "100"});
  spec.env = {"MCPCTL_ID=mine"};
  auto child = spawn::spawn(spec);
  REQUIRE(child);
  ProcessTable table;
  ProcessTable of_owner{[&child](pid_t pid) { return pid == child->pid; }};

  CHECK(eventually([&] {
    REQUIRE(table.refresh());
    return table.adopted_with("mine").size() == 1;
  }));
  REQUIRE(of_owner.refresh());
  CHECK(of_owner.adopted_with("mine").empty());

  ::kill(child->pid, SIGKILL);
  wait_for(*child);
}

TEST_CASE("an orphan is seen whose parent ended between the two looks, whichever came first") {
  // Once pids have begun anew a child may be looked at before its parent.
  const NoChildLeft check;
  const Folder proc;
  const pid_t self = ::getpid();
  const pid_t child = self + 1;
  const pid_t parent = self + 2;
  const auto place = [&proc](pid_t pid, const std::string& name, const std::string& text) {
    const std::string path = std::to_string(pid) + '/' + name;
    std::filesystem::create_directories(std::filesystem::path{proc.path(path)}.parent_path());
    proc.file(path, text);
  };
  const auto place_stat = [&place](pid_t pid, char state, pid_t its_parent) {
    const std::string number = std::to_string(pid);
    place(pid, "stat",
          number + " (link) " + state + ' ' + std::to_string(its_parent) + ' ' + number + ' ' +
              number + " 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 4711 1000000 250\n");
  };
  place_stat(self, 'R', 1);
  place(self, "task/" + std::to_string(self) + "/children",
        std::to_string(parent) + ' ' + std::to_string(child) + ' ');
  place_stat(child, 'S', parent);
  place(child, "environ", std::string{"A=b\0MCPCTL_ID=mine\0", 19});
  place_stat(parent, 'Z', self);
  ProcessTable table{{}, loop::Fd{::open(proc.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};

  REQUIRE(table.refresh());
  place_stat(child, 'S', self);  // as the kernel had it by then

  const auto orphans = table.adopted_with("mine");
  REQUIRE(orphans.size() == 1);
  CHECK(orphans.front()->pid == child);
  CHECK_FALSE(table.has_undetermined_orphan());
}

TEST_CASE("a signal goes to the process that was seen, not to the next with its pid") {
  const NoChildLeft check;
  auto child = spawn::spawn(program({"/bin/sleep", "100"}));
  REQUIRE(child);
  const loop::Fd proc = open_proc();
  ProcessStat stat;
  REQUIRE(read_stat(proc.get(), child->pid, stat));
  ProcessStat predecessor = stat;
  --predecessor.start_time;

  CHECK(send_signal(proc.get(), predecessor, SIGKILL) == ESRCH);
  CHECK(send_signal(proc.get(), stat, 0) == 0);
  CHECK(send_signal(proc.get(), stat, SIGKILL) == 0);

  CHECK(wait_for(*child).signal == SIGKILL);
  CHECK(send_signal(proc.get(), stat, SIGKILL) == ESRCH);
}
