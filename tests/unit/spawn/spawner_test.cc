#include "spawn/spawner.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/unit/spawn/processes.h"

using namespace test;

namespace {

constexpr CloneMethod every_method[] = {CloneMethod::clone3, CloneMethod::clone, CloneMethod::fork};

config::Identity identity(std::uint32_t uid, std::uint32_t gid, std::string name,
                          std::vector<std::uint32_t> groups = {}) {
  config::Identity made;
  made.uid = uid;
  made.gid = gid;
  made.name = std::move(name);
  made.groups = std::move(groups);
  return made;
}

/// Lines of "Key:\tvalue" in the child's /proc/self/status.
std::string status_of_child(const ChildSpec& like, const std::string& key) {
  ChildSpec spec = like;
  spec.file = "/usr/bin/grep";
  spec.argv = {"grep", "^" + key + ":", "/proc/self/status"};
  const std::string line = run(spec).output;
  const auto colon = line.find(":\t");
  return colon == std::string::npos ? line : line.substr(colon + 2, line.size() - colon - 3);
}

}  // namespace

TEST_CASE("a program runs and its exit code comes back") {
  const NoChildLeft check;
  for (const CloneMethod method : every_method) {
    CAPTURE(static_cast<int>(method));
    ChildSpec spec = shell("echo hello; exit 7");
    spec.method = method;

    const Outcome outcome = run(spec);

    CHECK(outcome.output == "hello\n");
    CHECK(outcome.exit == ExitStatus{.code = 7});
  }
}

TEST_CASE("a program killed by a signal is told from one that exits") {
  const NoChildLeft check;

  const Outcome outcome = run(shell("kill -9 $$"));

  CHECK(outcome.exit.signal == SIGKILL);
}

TEST_CASE("what the machine lacks mends itself, what the program lacks does not") {
  const auto mends_itself = [](int error) {
    return SpawnFailure{Stage::exec, error, "github", "exec npx", {}}.mends_itself();
  };
  for (const int error : {EAGAIN, ENOMEM, EMFILE, ETXTBSY, EBUSY, EIO}) CHECK(mends_itself(error));
  for (const int error : {ENOENT, EACCES, ENOEXEC, EISDIR}) CHECK_FALSE(mends_itself(error));
}

TEST_CASE("a program that does not exist is named, whatever way the child was made") {
  const NoChildLeft check;
  for (const CloneMethod method : every_method) {
    CAPTURE(static_cast<int>(method));
    ChildSpec spec = program({"/no/such/npx"});
    spec.method = method;

    const SpawnFailure failure = failure_of(spec);

    CHECK(failure.message() == "cannot start github: exec /no/such/npx: No such file or directory");
    CHECK(failure.stage == Stage::exec);
    CHECK_FALSE(failure.mends_itself());
  }
}

TEST_CASE("a script whose interpreter is missing says which") {
  const NoChildLeft check;
  const Folder folder;
  const std::string script = folder.file("server.py", "#! /no/such/python -u\nprint(1)\n");

  CHECK(failure_of(program({script})).message() ==
        "cannot start github: exec " + script +
            ": No such file or directory (its interpreter is /no/such/python)");
}

TEST_CASE("a file that may not be executed is refused") {
  const NoChildLeft check;
  const Folder folder;
  const std::string script = folder.file("server", "#!/bin/sh\n", 0644);

  const SpawnFailure failure = failure_of(program({script}));

  CHECK(failure.message() == "cannot start github: exec " + script + ": Permission denied");
  CHECK_FALSE(failure.mends_itself());
}

TEST_CASE("a script without #! is not given to a shell") {
  const NoChildLeft check;
  const Folder folder;
  const std::string script = folder.file("server", "echo surprise\n");

  CHECK(failure_of(program({script})).message() ==
        "cannot start github: exec " + script +
            ": Exec format error (neither a program nor a script with a #! line)");
}

TEST_CASE("a program that is still being written is worth a retry") {
  const NoChildLeft check;
  const Folder folder;
  std::filesystem::copy_file("/bin/true", folder.path("server"));
  const loop::Fd writer{::open(folder.path("server").c_str(), O_WRONLY | O_CLOEXEC)};

  const SpawnFailure failure = failure_of(program({folder.path("server")}));

  CHECK(failure.message() ==
        "cannot start github: exec " + folder.path("server") + ": Text file busy");
  CHECK(failure.mends_itself());
}

TEST_CASE("a loop of symbolic links and arguments without measure are the config's fault") {
  const NoChildLeft check;
  const Folder folder;
  std::filesystem::create_symlink(folder.path("b"), folder.path("a"));
  std::filesystem::create_symlink(folder.path("a"), folder.path("b"));

  const SpawnFailure circular = failure_of(program({folder.path("a")}));
  const SpawnFailure enormous = failure_of(program({"/bin/true", std::string(1u << 20, 'x')}));

  CHECK(circular.error == ELOOP);
  CHECK_FALSE(circular.mends_itself());
  CHECK(enormous.message() == "cannot start github: exec /bin/true: Argument list too long");
  CHECK_FALSE(enormous.mends_itself());
}

TEST_CASE("a missing working directory is named") {
  const NoChildLeft check;
  ChildSpec spec = shell("true");
  spec.cwd = "/no/such/folder";

  const SpawnFailure failure = failure_of(spec);

  CHECK(failure.message() ==
        "cannot start github: change to directory /no/such/folder: No such file or directory");
  CHECK_FALSE(failure.mends_itself());
}

TEST_CASE("a limit that cannot be set is named") {
  const NoChildLeft check;
  ChildSpec spec = shell("true");
  spec.rlimits = {{.resource = RLIMIT_CORE, .name = "core", .soft = 2, .hard = 1}};

  CHECK(failure_of(spec).message() == "cannot start github: set limit core: Invalid argument");
}

TEST_CASE("a descriptor that is not open is named by its number in the child") {
  const NoChildLeft check;
  for (const CloneMethod method : every_method) {
    ChildSpec spec = shell("true");
    spec.method = method;
    spec.descriptors = {{999, 5}};

    CHECK(failure_of(spec).message() ==
          "cannot start github: set up descriptor 5: Bad file descriptor");
  }
}

TEST_CASE("an oom_score_adj out of range is named") {
  const NoChildLeft check;
  ChildSpec spec = shell("true");
  spec.oom_score_adj = 4711;

  CHECK(failure_of(spec).message() ==
        "cannot start github: set oom_score_adj to 4711: Invalid argument");
}

TEST_CASE("a control group that is none is named") {
  const NoChildLeft check;
  const loop::Fd not_a_cgroup{::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  ChildSpec spec = shell("true");
  spec.cgroup = not_a_cgroup.get();

  const SpawnFailure failure = failure_of(spec);

  CHECK_FALSE(failure.mends_itself());
  CHECK(failure.message().starts_with("cannot start github: "));
}

TEST_CASE("signals that we ignore or block are not ignored or blocked in the child") {
  const NoChildLeft check;
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, mask_before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, &mask_before);

  for (const CloneMethod method : every_method) {
    ChildSpec spec = program({"x"});
    spec.method = method;
    CHECK(status_of_child(spec, "SigIgn") == "0000000000000000");
    CHECK(status_of_child(spec, "SigBlk") == "0000000000000000");
  }

  sigset_t mask_after;
  ::sigprocmask(SIG_SETMASK, &mask_before, &mask_after);
  CHECK(sigismember(&mask_after, SIGTERM) == 1);
  CHECK(sigismember(&mask_after, SIGINT) == 0);
  CHECK((std::signal(SIGPIPE, before) == SIG_IGN));  // and ours is untouched
}

TEST_CASE("no descriptor of ours reaches the child unless it is named") {
  const NoChildLeft check;
  const loop::Fd leaky{::open("/dev/null", O_RDONLY)};  // no O_CLOEXEC, on purpose
  const loop::Fd high{::fcntl(leaky.get(), F_DUPFD, 300)};

  for (const CloneMethod method : every_method) {
    ChildSpec spec = program({"/bin/ls", "/proc/self/fd"});
    spec.method = method;
    CHECK(run(spec).output == "0\n1\n2\n3\n");  // 3 is the directory that ls reads
  }
}

TEST_CASE("standard streams that are not named are /dev/null") {
  const NoChildLeft check;
  ChildSpec spec = program({"/usr/bin/readlink", "/proc/self/fd/0"});

  CHECK(run(spec).output == "/dev/null\n");
}

TEST_CASE("descriptors may swap numbers and land above the others") {
  const NoChildLeft check;
  const Folder folder;
  for (const CloneMethod method : every_method) {
    const loop::Fd a{::open(folder.file("a", "A").c_str(), O_RDONLY | O_CLOEXEC)};
    const loop::Fd b{::open(folder.file("b", "B").c_str(), O_RDONLY | O_CLOEXEC)};
    ChildSpec spec = shell("cat <&0; eval \"cat <&" + std::to_string(a.get()) +
                           "\"; eval \"cat <&" + std::to_string(b.get()) + "\"; cat <&9");
    const loop::Fd c{::open(folder.file("c", "C").c_str(), O_RDONLY | O_CLOEXEC)};
    const loop::Fd d{::open(folder.file("d", "D").c_str(), O_RDONLY | O_CLOEXEC)};
    spec.method = method;
    REQUIRE(a.get() < 9);
    spec.descriptors = {{d.get(), 9}, {b.get(), a.get()}, {a.get(), b.get()}, {c.get(), 0}};

    CHECK(run(spec).output == "CBAD");
  }
}

TEST_CASE("the child leads a session and a group of its own and has no terminal") {
  const NoChildLeft check;

  const std::string ids = run(shell("cut -d' ' -f5,6,7 /proc/$$/stat; echo $$")).output;

  const std::string pid = ids.substr(ids.find('\n') + 1, ids.size() - ids.find('\n') - 2);
  CHECK(ids == pid + " " + pid + " 0\n" + pid + "\n");
}

TEST_CASE("limits, umask, working directory and oom score are set") {
  const NoChildLeft check;
  ChildSpec spec = shell("ulimit -n; ulimit -c; umask; pwd; cat /proc/self/oom_score_adj");
  spec.rlimits = {{.resource = RLIMIT_NOFILE, .name = "nofile", .soft = 4, .hard = 4},
                  {.resource = RLIMIT_CORE, .name = "core", .soft = 0, .hard = 0}};
  spec.umask = 027;
  spec.cwd = "/usr";
  spec.oom_score_adj = 321;

  CHECK(run(spec).output == "4\n0\n0027\n/usr\n321\n");
}

TEST_CASE("the environment is exactly what was given") {
  const NoChildLeft check;
  ChildSpec spec = program({"/usr/bin/env"});
  spec.env = {"A=1", "B=two words"};

  CHECK(run(spec).output == "A=1\nB=two words\n");
}

TEST_CASE("the identity is changed whole and the parent-death signal survives it") {
  if (!is_root()) {
    MESSAGE("skipped: needs root");
    return;
  }
  const NoChildLeft check;
  ChildSpec spec = program({"x"});
  spec.identity = identity(65534, 65533, "nobody", {7, 8});

  CHECK(status_of_child(spec, "Uid") == "65534\t65534\t65534\t65534");
  CHECK(status_of_child(spec, "Gid") == "65533\t65533\t65533\t65533");
  CHECK(status_of_child(spec, "Groups") == "7 8 ");
}

TEST_CASE("the id that means \"leave it as it is\" is refused, not run as root") {
  if (!is_root()) {
    MESSAGE("skipped: needs root");
    return;
  }
  const NoChildLeft check;
  ChildSpec spec = shell("true");
  spec.identity = identity(0xffffffff, 65534, "ghost");

  CHECK(failure_of(spec).message() == "cannot start github: become user ghost: Invalid argument");
}

TEST_CASE("an identity that we may not take is named") {
  if (!is_root()) {
    MESSAGE("skipped: needs root");
    return;
  }
  const NoChildLeft check;
  const pid_t unprivileged = ::fork();  // in a process that gave its rights away
  if (unprivileged == 0) {
    const bool dropped = ::setresuid(65534, 65534, 65534) == 0;
    ChildSpec spec = shell("true");
    spec.identity = identity(54321, 54321, "somebody");
    auto child = spawn::spawn(spec);
    const bool refused = dropped && !child && !child.error().mends_itself() &&
                         child.error().message() ==
                             "cannot start github: set the supplementary groups of user "
                             "somebody: Operation not permitted";
    ::_exit(refused ? 0 : 1);
  }

  int status = -1;
  ::waitpid(unprivileged, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("too many processes of the user is worth a retry") {
  if (!is_root()) {
    MESSAGE("skipped: needs root");
    return;
  }
  const NoChildLeft check;
  ChildSpec sleeper = program({"/bin/sleep", "100"});
  sleeper.identity = identity(54321, 54321, "crowded");
  auto first = spawn::spawn(sleeper);
  REQUIRE(first);
  ChildSpec second = sleeper;
  second.rlimits = {{.resource = RLIMIT_NPROC, .name = "nproc", .soft = 0, .hard = 0}};

  const SpawnFailure failure = failure_of(second);

  CHECK(failure.error == EAGAIN);
  CHECK(failure.mends_itself());
  ::kill(first->pid, SIGKILL);
  wait_for(*first);
}

TEST_CASE("without a free descriptor the failure says so and is worth a retry") {
  const NoChildLeft check;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  const ChildSpec spec = shell("true");

  ::setrlimit(RLIMIT_NOFILE, &none);
  auto child = spawn::spawn(spec);
  ::setrlimit(RLIMIT_NOFILE, &before);

  REQUIRE_FALSE(child);
  CHECK(child.error().error == EMFILE);
  CHECK(child.error().mends_itself());
}

TEST_CASE("a child dies with the supervisor, whoever it runs as") {
  const NoChildLeft check;
  for (const bool as_nobody : {false, true}) {
    if (as_nobody && !is_root()) continue;
    auto pipe = make_pipe_ends();
    REQUIRE(pipe);
    const pid_t supervisor = ::fork();
    if (supervisor == 0) {
      ChildSpec spec = program({"/bin/sleep", "100"});
      spec.descriptors = {{pipe->second.get(), 1}};
      if (as_nobody) {
        spec.identity = identity(65534, 65534, "nobody");
      }
      const auto child = spawn::spawn(spec);
      ::raise(SIGKILL);
      ::_exit(child ? 0 : 1);
    }
    pipe->second.reset();
    ::waitpid(supervisor, nullptr, 0);

    // The sleeper's end of the pipe closes when it dies.
    pollfd closed{pipe->first.get(), POLLIN, 0};
    CHECK(::poll(&closed, 1, 5'000) == 1);
    CHECK((closed.revents & POLLHUP) != 0);
    CHECK(eventually([] { return ::waitpid(-1, nullptr, WNOHANG) > 0; }));  // adopted by us
  }
}

TEST_CASE("many children are on their way at once, each with what is its own") {
  const NoChildLeft check;
  constexpr int count = 30;  // more than there are berths
  for (const CloneMethod method : every_method) {
    CAPTURE(static_cast<int>(method));
    std::vector<Launch> launches;
    std::vector<loop::Fd> outputs;
    for (int i = 0; i < count; ++i) {
      auto pipe = make_pipe_ends();
      REQUIRE(pipe);
      ChildSpec spec = shell("echo $NUMBER");
      spec.method = method;
      spec.env.push_back("NUMBER=" + std::to_string(i));
      spec.descriptors = {{pipe->second.get(), 1}};
      std::vector<loop::Fd> theirs;
      theirs.push_back(std::move(pipe->second));
      auto launch = Launch::begin(std::move(spec), std::move(theirs));
      REQUIRE(launch);
      launches.push_back(std::move(*launch));
      outputs.push_back(std::move(pipe->first));
    }

    for (int i = count - 1; i >= 0; --i) {
      auto child = launches.at(static_cast<std::size_t>(i)).complete();
      REQUIRE(child);
      // To the end of file: nobody else has the child's end.
      CHECK(read_all(outputs.at(static_cast<std::size_t>(i)).get()) == std::to_string(i) + "\n");
      CHECK(wait_for(*child) == ExitStatus{.code = 0});
    }
  }
}

TEST_CASE("of children on their way at once each fails for its own reason") {
  const NoChildLeft check;
  ChildSpec lost = shell("true");
  lost.cwd = "/no/such/folder";

  auto absent = Launch::begin(program({"/no/such"}), {});
  auto astray = Launch::begin(lost, {});
  auto fine = Launch::begin(shell("exit 3"), {});
  REQUIRE(absent);
  REQUIRE(astray);
  REQUIRE(fine);

  auto child = fine->complete();
  REQUIRE(child);
  CHECK(astray->complete().error().stage == Stage::directory);
  CHECK(absent->complete().error().stage == Stage::exec);
  CHECK(wait_for(*child) == ExitStatus{.code = 3});
}

TEST_CASE("a child that fails while it shares our memory leaves our errno alone") {
  const NoChildLeft check;
  auto launch = Launch::begin(program({"/no/such"}), {});
  REQUIRE(launch);
  errno = 0;

  siginfo_t ended{};
  const int waited = ::waitid(P_PID, static_cast<id_t>(launch->pid()), &ended, WEXITED | WNOWAIT);

  CHECK(errno == 0);
  CHECK(waited == 0);
  CHECK(launch->complete().error().error == ENOENT);
}

TEST_CASE("a launch that nobody completes leaves no process") {
  const NoChildLeft check;

  auto launch = Launch::begin(program({"/bin/sleep", "100"}), {});

  REQUIRE(launch);
  CHECK(launch->pid() > 0);
}

TEST_CASE("a spawn leaves no descriptor behind but the pidfd, which closes on exec") {
  const NoChildLeft check;
  failure_of(program({"/no/such"}));  // what spawning keeps for good is there
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
  };
  const auto before = open_descriptors();

  for (const CloneMethod method : every_method) {
    ChildSpec spec = shell("exit 0");
    spec.method = method;
    auto child = spawn::spawn(spec);
    REQUIRE(child);
    CHECK((::fcntl(child->pidfd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(open_descriptors() == before + 1);
    wait_for(*child);
    failure_of(program({"/no/such"}));
  }

  CHECK(open_descriptors() == before);
}

TEST_CASE("an exit status is taken once, and somebody else's theft is noticed") {
  const NoChildLeft check;
  auto child = spawn::spawn(shell("exit 0"));
  REQUIRE(child);
  CHECK(is_unreaped(*child));

  ::waitpid(child->pid, nullptr, 0);  // the thief

  CHECK_FALSE(is_unreaped(*child));
  const auto status = try_reap(*child);
  REQUIRE_FALSE(status);
  CHECK(status.error() == ECHILD);
}
