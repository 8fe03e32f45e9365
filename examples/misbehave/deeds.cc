#include "deeds.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <string>

namespace misbehave {

namespace {

void ignore_polite_signals() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
}

/// stdin and stdout belong to the server; its helpers keep only stderr, or the
/// supervisor would never see the end of file.
void let_go_of_stdio() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
}

/// Sleeps until its time is over, unimpressed by signals.
[[noreturn]] void linger(const Options& options) {
  if (options.forgets_environment) {
    // A new program image is the only way to lose /proc/PID/environ.
    std::string name = "misbehave", process = "--mode=process", stubborn = "--mode=stubborn",
                lingering = "--mode=lingering",
                how_long = "--linger=" + std::to_string(options.linger);
    char* argv[] = {name.data(),      process.data(),  stubborn.data(),
                    lingering.data(), how_long.data(), nullptr};
    char* environment[] = {nullptr};
    execve("/proc/self/exe", argv, environment);
  }
  sleep_ms(options.linger);
  _exit(0);
}

/// Forks a helper that ignores polite signals, in a new session if `as_session`.  When this
/// returns (false in the helper, which lives on from there), the helper is recorded and
/// has settled in, so a test may rely on it as soon as the server has answered.
bool fork_helper(const Options& options, std::string_view role, bool as_session) {
  int settled[2];
  if (pipe2(settled, O_CLOEXEC) != 0) return true;
  const pid_t helper = fork();
  if (helper == 0) {
    if (as_session) setsid();
    ignore_polite_signals();
    close(settled[0]);
    close(settled[1]);
    return false;
  }
  close(settled[1]);
  char byte;
  [[maybe_unused]] const ssize_t end = read(settled[0], &byte, 1);
  close(settled[0]);
  if (helper > 0) record(options, role, helper);
  return true;
}

}  // namespace

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
}

long now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void sleep_ms(long ms) {
  timespec left{ms / 1000, (ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void hold(const Options& options) {
  if (options.held.empty()) return;
  const int fd = open(options.held.c_str(), O_RDONLY | O_CREAT, 0600);
  if (fd >= 0) flock(fd, LOCK_SH);  // never closed, and inherited
}

void record(const Options& options, std::string_view role, pid_t pid) {
  if (options.pids.empty()) return;
  const int fd = open(options.pids.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  write_all(fd, std::string{role} + ' ' + std::to_string(pid) + '\n');
  close(fd);
}

void fork_member(const Options& options) {
  if (fork_helper(options, "member", false)) return;
  let_go_of_stdio();
  linger(options);
}

void fork_session(const Options& options) {
  if (fork_helper(options, "session", true)) return;
  let_go_of_stdio();
  linger(options);
}

void fork_daemon(const Options& options) {
  const pid_t middle = fork();
  if (middle != 0) {
    waitpid(middle, nullptr, 0);
    return;
  }
  setsid();
  if (fork_helper(options, "daemon", false)) _exit(0);
  let_go_of_stdio();
  linger(options);
}

void fork_chain(const Options& options) {
  if (fork() != 0) return;
  ignore_polite_signals();
  let_go_of_stdio();
  const long end = now_ms() + options.linger;
  while (now_ms() < end) {
    setsid();
    if (options.interval > 0) sleep_ms(options.interval);
    const pid_t next = fork();
    if (next > 0) _exit(0);
    if (next < 0) sleep_ms(1);  // no room for a replacement now: keep this link
  }
  _exit(0);
}

void fork_bomb(const Options& options) {
  void* shared = mmap(nullptr, sizeof(std::atomic<long>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return;
  auto* made = new (shared) std::atomic<long>{0};
  if (fork() != 0) return;
  ignore_polite_signals();
  let_go_of_stdio();
  const long end = now_ms() + options.linger;
  while (now_ms() < end && made->load() < options.limit) {
    if (made->fetch_add(1) < options.limit && fork() == 0) setsid();
    if (options.interval > 0) sleep_ms(options.interval);
  }
  while (now_ms() < end) sleep_ms(100);
  _exit(0);
}

void fork_holder(const Options& options) {
  const pid_t leader = getpid();
  if (fork_helper(options, "holder", false)) return;
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  const long end = now_ms() + options.linger;
  while (getppid() == leader && now_ms() < end) sleep_ms(5);
  sleep_ms(options.interval);
  write_all(STDERR_FILENO, "misbehave: the holder speaks after its leader's end\n");
  while (now_ms() < end) sleep_ms(100);
  _exit(0);
}

void eat_memory(long mib) {
  const std::size_t size = static_cast<std::size_t>(mib) << 20;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("misbehave: cannot map memory");
    std::exit(1);
  }
  std::memset(memory, 1, size);
}

void notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return;
  std::strcpy(address.sun_path, path);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (path[0] == '@') address.sun_path[0] = '\0';  // abstract namespace, unix(7)
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    std::perror("misbehave: cannot notify");
  }
  close(fd);
}

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 16) != 0) {
    std::perror("misbehave: cannot listen");
    close(fd);
    return -1;
  }
  return fd;
}

}  // namespace misbehave
