#include "program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace mcpctl::e2e {

namespace {

int create(const std::string& path) {
  return ::open(path.empty() ? "/dev/null" : path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
}

/// While it lives, what this process forks is PID 1 of a new namespace.
class ForkingIntoNamespace {
 public:
  explicit ForkingIntoNamespace(bool wanted) {
    if (!wanted) return;
    own_ = ::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    REQUIRE_MESSAGE(::unshare(CLONE_NEWPID) == 0, "cannot make a pid namespace");
  }
  ~ForkingIntoNamespace() {
    if (own_ < 0) return;
    ::setns(own_, CLONE_NEWPID);
    ::close(own_);
  }
  ForkingIntoNamespace(const ForkingIntoNamespace&) = delete;
  ForkingIntoNamespace& operator=(const ForkingIntoNamespace&) = delete;

 private:
  int own_{-1};
};

/// The /proc of the new pid namespace, seen by nobody else.
bool mount_own_proc() {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

/// None of the test's own handlers may run in the child.
[[noreturn]] void become(const Launch& launch, const sigset_t& mask) {
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (launch.as_init && !mount_own_proc()) ::_exit(125);
  if (!launch.on_terminal) {
    ::setpgid(0, 0);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(create(launch.stdout_file), STDOUT_FILENO);
    ::dup2(create(launch.stderr_file), STDERR_FILENO);
  }
  // Nothing of the test may hide a leak of the product.
  ::close_range(3, ~0u, 0);
  if (!launch.cwd.empty() && ::chdir(launch.cwd.c_str()) != 0) ::_exit(125);
  std::vector<std::string> variables;
  for (const auto& [name, value] : launch.env) variables.push_back(name + '=' + value);
  std::vector<char*> environment, arguments;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  for (const std::string& word : launch.argv) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvpe(arguments[0], arguments.data(), environment.data());
  ::_exit(127);
}

}  // namespace

Program::Program(const Launch& launch) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  {
    const ForkingIntoNamespace namespaced{launch.as_init};
    pid_ = launch.on_terminal ? ::forkpty(&terminal_, nullptr, nullptr, nullptr) : ::fork();
    if (pid_ == 0) become(launch, before);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  REQUIRE_MESSAGE(pid_ > 0, "cannot fork");
  if (!launch.on_terminal) ::setpgid(pid_, pid_);
  if (terminal_ >= 0) ::fcntl(terminal_, F_SETFD, FD_CLOEXEC);
}

Program::~Program() {
  if (is_running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  hang_up();
}

bool Program::is_running() { return !wait(0ms); }

void Program::signal(int number) {
  if (!exit_code_) ::kill(pid_, number);  // not reaped, so the pid is its own
}

std::optional<int> Program::wait(Milliseconds limit) {
  const auto ended = [this] {
    if (exit_code_) return true;
    terminal_text();  // a full terminal would block it
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  };
  eventually(ended, limit);
  return exit_code_;
}

void Program::type(const std::string& keys) {
  REQUIRE(::write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

const std::string& Program::terminal_text() {
  for (pollfd ready{terminal_, POLLIN, 0}; ::poll(&ready, 1, 0) == 1;) {
    char buffer[4096];
    const ssize_t length = ::read(terminal_, buffer, sizeof buffer);
    if (length <= 0) break;
    terminal_text_.append(buffer, static_cast<std::size_t>(length));
  }
  return terminal_text_;
}

void Program::hang_up() {
  if (terminal_ >= 0) ::close(terminal_);
  terminal_ = -1;
}

Outcome run_to_end(Launch launch, Milliseconds limit) {
  const Folder folder;
  launch.stdout_file = folder.file("out");
  launch.stderr_file = folder.file("err");
  Program program{launch};
  const auto code = program.wait(limit);
  const Outcome outcome{code.value_or(-1), read_file(launch.stdout_file),
                        read_file(launch.stderr_file)};
  INFO(outcome.out, outcome.err);
  REQUIRE_MESSAGE(code.has_value(), launch.argv[0], " does not end");
  return outcome;
}

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << text;
  REQUIRE(out.flush().good());
}

Folder::Folder() {
  char name[] = "/tmp/mcpctl-e2e-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool others_may_run(const std::string& program) {
  for (std::filesystem::path path = program; path != path.root_path(); path = path.parent_path()) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

bool may_make_namespaces() {
  const pid_t trial = ::fork();
  if (trial == 0) ::_exit(::unshare(CLONE_NEWPID) == 0 && ::unshare(CLONE_NEWNS) == 0 ? 0 : 1);
  int status = -1;
  ::waitpid(trial, &status, 0);
  return status == 0;
}

Variables plain_environment(const std::string& home) {
  Variables variables{{"HOME", home}, {"TERM", "dumb"}};
  for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) variables.emplace_back(name, value);
  }
  return variables;
}

}  // namespace mcpctl::e2e
