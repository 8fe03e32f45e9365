// inject --report FILE [--fault CALL[:KIND]=ERRNO@N] -- COMMAND...
// Becomes COMMAND, and lets one system call of its first child fail once: the Nth CALL
// on an object of KIND returns ERRNO and is not made.  The program is the unchanged
// product: a seccomp filter stops the calls, a process beside it decides (seccomp(2),
// SECCOMP_RET_USER_NOTIF).  Only the supervisor is meant: its warden and the servers are
// stopped by the same filter, and always let through.
//
// FILE gets "CALL[:KIND] COUNT" for all calls seen, or "injected NAME" when it happened.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Call {
  const char* name;
  int number;
  bool has_descriptor;  // as its first argument: its KIND is file, proc, pipe, socket or other
};

constexpr Call calls[] = {
    {"accept4", SYS_accept4, false},
    {"bind", SYS_bind, false},
    {"brk", SYS_brk, false},
    {"clone", SYS_clone, false},
    {"clone3", SYS_clone3, false},
    {"connect", SYS_connect, false},
    {"epoll_ctl", SYS_epoll_ctl, false},
    {"epoll_pwait", SYS_epoll_pwait, false},
#ifdef SYS_epoll_wait
    {"epoll_wait", SYS_epoll_wait, false},
#endif
    {"eventfd2", SYS_eventfd2, false},
    {"fchmod", SYS_fchmod, false},
    {"flock", SYS_flock, false},
    {"fsync", SYS_fsync, false},
    {"ftruncate", SYS_ftruncate, false},
    {"getdents64", SYS_getdents64, false},
    {"inotify_add_watch", SYS_inotify_add_watch, false},
    {"inotify_init1", SYS_inotify_init1, false},
    {"listen", SYS_listen, false},
#ifdef SYS_mkdir
    {"mkdir", SYS_mkdir, false},
#endif
    {"mkdirat", SYS_mkdirat, false},
    {"mmap", SYS_mmap, false},
    {"newfstatat", SYS_newfstatat, false},
    {"openat", SYS_openat, false},
    {"pidfd_open", SYS_pidfd_open, false},
    {"pidfd_send_signal", SYS_pidfd_send_signal, false},
    {"pipe2", SYS_pipe2, false},
    {"read", SYS_read, true},
    {"recvfrom", SYS_recvfrom, true},
    {"recvmsg", SYS_recvmsg, true},
#ifdef SYS_rename
    {"rename", SYS_rename, false},
#endif
    {"renameat", SYS_renameat, false},
    {"sendmsg", SYS_sendmsg, true},
    {"sendto", SYS_sendto, true},
    {"socket", SYS_socket, false},
#ifdef SYS_unlink
    {"unlink", SYS_unlink, false},
#endif
    {"unlinkat", SYS_unlinkat, false},
    {"write", SYS_write, true},
    {"writev", SYS_writev, true},
};

constexpr struct {
  const char* name;
  int number;
} errors[] = {{"EACCES", EACCES},
              {"EAGAIN", EAGAIN},
              {"ECONNREFUSED", ECONNREFUSED},
              {"EINTR", EINTR},
              {"EIO", EIO},
              {"EMFILE", EMFILE},
              {"ENFILE", ENFILE},
              {"ENOBUFS", ENOBUFS},
              {"ENOLCK", ENOLCK},
              {"ENOMEM", ENOMEM},
              {"ENOSPC", ENOSPC},
              {"EPERM", EPERM},
              {"EPIPE", EPIPE},
              {"ECONNRESET", ECONNRESET},
              {"EROFS", EROFS},
              {"ESRCH", ESRCH},
              {"ENOSYS", ENOSYS}};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "inject: %s\n", what.c_str());
  std::_Exit(2);
}

struct Fault {
  std::string name;  // CALL[:KIND]
  int error;
  long nth;
};

Fault parse_fault(std::string_view text) {
  const std::size_t equals = text.find('='), at = text.find('@');
  if (equals == text.npos || at == text.npos || at < equals) die("a fault is CALL[:KIND]=ERRNO@N");
  const std::string_view error = text.substr(equals + 1, at - equals - 1);
  for (const auto& known : errors) {
    if (error == known.name) {
      return {std::string{text.substr(0, equals)}, known.number,
              std::strtol(std::string{text.substr(at + 1)}.c_str(), nullptr, 10)};
    }
  }
  die("unknown error " + std::string{error});
}

/// Stops `watched`, lets everything else through.
int install_filter(const std::vector<int>& watched) {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const int number : watched) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<__u32>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  // A call that waits for its verdict is not interrupted by a signal and made twice.
  return static_cast<int>(::syscall(
      SYS_seccomp, SECCOMP_SET_MODE_FILTER,
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter));
}

/// What the filtered side and the deciding side tell each other before the exec.
struct Handover {
  std::atomic<int> listener{-1};
  std::atomic<bool> taken{false};
};

class Judge {
 public:
  Judge(int listener, pid_t warden, std::optional<Fault> fault, std::string report)
      : listener_(listener),
        warden_(warden),
        fault_(std::move(fault)),
        report_(std::move(report)) {}

  /// Until the last filtered process has gone.
  void serve() {
    seccomp_notif_sizes sizes{};
    ::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    std::vector<char> request(sizes.seccomp_notif), answer(sizes.seccomp_notif_resp);
    for (pollfd ready{listener_, POLLIN, 0};;) {
      if (::poll(&ready, 1, -1) < 0 && errno == EINTR) continue;
      if ((ready.revents & POLLIN) == 0) break;
      std::fill(request.begin(), request.end(), 0);
      auto* notice = reinterpret_cast<seccomp_notif*>(request.data());
      if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, notice) != 0) continue;  // it has died
      std::fill(answer.begin(), answer.end(), 0);
      auto* verdict = reinterpret_cast<seccomp_notif_resp*>(answer.data());
      verdict->id = notice->id;
      verdict->error = -judge(*notice);
      if (verdict->error == 0) verdict->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      if (notice->data.nr == SYS_brk) verdict->error = 0;  // 0 as its value: no memory (brk(2))
      ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, verdict);
    }
    if (!fault_) write_counts();
  }

 private:
  /// The error to return; 0 lets the call happen.
  int judge(const seccomp_notif& notice) {
    if (!is_of_supervisor(static_cast<pid_t>(notice.pid))) return 0;
    const std::string name = name_of(notice);
    const long count = ++counts_[name];
    if (!fault_ || name != fault_->name || count != fault_->nth) return 0;
    std::ofstream{report_} << "injected " << name << '\n';
    return fault_->error;
  }

  /// A process or thread whose parent is the warden; threads are looked up by their own
  /// number, and share their parent.
  bool is_of_supervisor(pid_t thread) {
    const auto known = is_supervisor_.find(thread);
    if (known != is_supervisor_.end()) return known->second;
    std::ifstream status{"/proc/" + std::to_string(thread) + "/status"};
    pid_t parent = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("PPid:")) parent = std::stoi(line.substr(5));
    }
    return is_supervisor_[thread] = parent == warden_;
  }

  static std::string name_of(const seccomp_notif& notice) {
    for (const Call& call : calls) {
      if (call.number != notice.data.nr) continue;
      if (call.has_descriptor)
        return std::string{call.name} + ':' +
               kind_of(static_cast<pid_t>(notice.pid), notice.data.args[0]);
      // What an allocator asks for is anonymous.
      if (call.number == SYS_mmap) {
        const bool anonymous = (notice.data.args[3] & MAP_ANONYMOUS) != 0;
        return anonymous ? "mmap:anonymous" : "mmap:file";
      }
      if (call.number == SYS_openat) return is_about_proc(notice) ? "openat:proc" : "openat:file";
      return call.name;
    }
    return "?";
  }

  static std::string kind_of(pid_t process, unsigned long long descriptor) {
    const std::string path =
        "/proc/" + std::to_string(process) + "/fd/" + std::to_string(descriptor);
    char target[256]{};
    if (::readlink(path.c_str(), target, sizeof target - 1) <= 0) return "other";
    const std::string_view text{target};
    if (text.starts_with("pipe:")) return "pipe";
    if (text.starts_with("socket:")) return "socket";
    if (text == "/proc" || text.starts_with("/proc/") || text.starts_with("/sys/")) return "proc";
    if (text.starts_with("anon_inode:") || text.starts_with("/dev/")) return "other";
    return "file";
  }

  /// openat(2) of something in /proc, by its path or by the folder it starts from.
  static bool is_about_proc(const seccomp_notif& notice) {
    const auto folder = static_cast<int>(notice.data.args[0]);
    char path[7]{};
    const iovec here{path, sizeof path - 1};
    const iovec there{reinterpret_cast<void*>(notice.data.args[1]), sizeof path - 1};
    ::process_vm_readv(static_cast<pid_t>(notice.pid), &here, 1, &there, 1, 0);
    if (path[0] == '/') return std::string_view{path} == "/proc/";
    return folder != AT_FDCWD &&
           kind_of(static_cast<pid_t>(notice.pid), notice.data.args[0]) == "proc";
  }

  void write_counts() const {
    std::ofstream out{report_};
    for (const auto& [name, count] : counts_) out << name << ' ' << count << '\n';
  }

  int listener_;
  pid_t warden_;
  std::optional<Fault> fault_;
  std::string report_;
  std::map<std::string, long> counts_;
  std::map<pid_t, bool> is_supervisor_;
};

/// In a process of its own, nobody's child: the command must not find it among its own.
void judge_from_aside(Handover& handover, std::optional<Fault> fault, const std::string& report) {
  const pid_t warden = ::getpid();
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, warden, 0));
  const pid_t between = ::fork();
  if (between < 0) die("cannot fork");
  if (between > 0) {
    ::close(process);
    int status = 0;
    while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
    }
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  while (handover.listener < 0) {
  }
  const int listener =
      static_cast<int>(::syscall(SYS_pidfd_getfd, process, handover.listener.load(), 0));
  if (listener < 0) die("cannot take the listener over");
  ::close(process);
  handover.taken = true;
  Judge{listener, warden, std::move(fault), report}.serve();
  ::_exit(0);
}

int run(int argc, char** argv) {
  std::optional<Fault> fault;
  std::string report;
  int at = 1;
  for (; at + 1 < argc && std::strcmp(argv[at], "--") != 0; at += 2) {
    if (std::strcmp(argv[at], "--fault") == 0) fault = parse_fault(argv[at + 1]);
    if (std::strcmp(argv[at], "--report") == 0) report = argv[at + 1];
  }
  if (at + 1 >= argc || report.empty()) die("usage: --report FILE [--fault FAULT] -- COMMAND...");

  std::vector<int> watched;
  for (const Call& call : calls) {
    const std::string_view wanted = fault ? std::string_view{fault->name} : std::string_view{};
    if (!fault || wanted.substr(0, wanted.find(':')) == call.name) watched.push_back(call.number);
  }
  if (watched.empty()) die("unknown call " + fault->name);
  void* const shared =
      ::mmap(nullptr, sizeof(Handover), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& handover = *new (shared) Handover;
  judge_from_aside(handover, std::move(fault), report);
  // From here on no call that may be watched, until somebody answers.
  if (::geteuid() != 0) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  // or a filter is refused
  const int listener = install_filter(watched);
  if (listener < 0) die("cannot install the filter");
  handover.listener = listener;
  while (!handover.taken) {
  }
  ::execvp(argv[at + 1], argv + at + 1);
  die("cannot execute " + std::string{argv[at + 1]});
}

}  // namespace

int main(int argc, char** argv) { return run(argc, argv); }
