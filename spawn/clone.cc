#include "spawn/clone.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "spawn/pipe.h"
#include "spawn/raw_call.h"

namespace mcpctl::spawn {
namespace {

using loop::Fd;

constexpr std::size_t stack_guard = 64u << 10;  // a multiple of every page size

/// Blocks every signal for a scope, so that no handler of ours runs in a child
/// that shares our memory.  Raw: the C library keeps two signals back.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
  }
  ~AllSignalsBlocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  std::uint64_t before_{0};
};

MCPCTL_CHILD_SIDE int enter_child(void* plan) { run_child(*static_cast<ChildPlan*>(plan)); }

MCPCTL_CHILD_SIDE int raise_flag(void* flag) {
  *static_cast<volatile int*>(flag) = 1;
  for (;;) syscall(SYS_exit_group, 0);
}

/// Whether a child that shares our memory lives to raise a flag for us.
bool raises_flag() {
  const ChildStack stack;
  if (!stack.exists()) return true;  // too busy to tell
  volatile int flag = 0;
  const int pid =
      ::clone(raise_flag, stack.top(), CLONE_VM | CLONE_VFORK | SIGCHLD, const_cast<int*>(&flag));
  if (pid < 0) return errno == EAGAIN || errno == ENOMEM;
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return flag == 1;
}

/// False under valgrind, which turns every clone(2) of this kind into a fork: then the
/// child cannot report through our memory, and we are not suspended until its exec.  It
/// knows no clone3(2), and who has that need not ask.
bool shares_memory() {
  static const bool answer = raises_flag();
  return answer;
}

/// False before Linux 5.9 and under filters that do not know close_range(2): then the
/// kernel copies the whole table for each child.
bool can_leave_our_descriptors() {
  static const bool answer = ::syscall(SYS_close_range, ~0u, ~0u, 0) == 0;  // closes nothing
  return answer;
}

/// The child copies only the descriptors that it needs, and does so itself.  The flag
/// for clone.
int share_descriptors(ChildPlan& plan) {
  plan.shares_descriptors = can_leave_our_descriptors();
  if (!plan.shares_descriptors) return 0;
  int highest = std::max(STDERR_FILENO, plan.cgroup);
  for (std::size_t i = 0; i < plan.move_count; ++i) {
    highest = std::max(highest, plan.moves[i].source);
  }
  plan.needed_below = highest + 1;
  return CLONE_FILES;
}

/// What CLONE_CLEAR_SIGHAND leaves to the child: what we were started with ignored, and
/// SIGPIPE, the only signal that we ignore ourselves.
std::uint64_t ignored_signals() {
  static const std::uint64_t ignored = [] {
    std::uint64_t signals = std::uint64_t{1} << (SIGPIPE - 1);
    for (int signal = 1; signal < _NSIG; ++signal) {
      struct sigaction now{};
      if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_IGN) continue;
      signals |= std::uint64_t{1} << (signal - 1);
    }
    return signals;
  }();
  return ignored;
}

/// The child runs beside us, where its system calls leave our errno alone, and the kernel
/// clears plan.in_our_memory when it is gone from our memory; else we stand still until then.
constexpr unsigned side_by_side = has_raw_call ? CLONE_CHILD_CLEARTID : CLONE_VFORK;

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool has_clone3 = true;

/// clone3 for a child on a stack of its own, which the C library does not wrap.
/// Returns as the system call does; the child calls entry(argument) instead.
/// Both calls of the kernel keep every register but those named as clobbered, so
/// entry and argument survive into the child.
long raw_clone3(clone_args* args, int (*entry)(void*), void* argument) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  register auto entry_register asm("r8") = entry;
  register auto argument_register asm("r9") = argument;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"  // the outermost frame
      "mov %%r9, %%rdi\n\t"
      "call *%%r8\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(args), "S"(sizeof *args), "r"(entry_register), "r"(argument_register)
      : "rcx", "r11", "memory", "cc");
  return result;
#else
  register long result asm("x0") = reinterpret_cast<long>(args);
  register std::size_t size_register asm("x1") = sizeof *args;
  register long number_register asm("x8") = SYS_clone3;
  register auto entry_register asm("x10") = entry;
  register auto argument_register asm("x11") = argument;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"  // the outermost frame
      "mov x30, xzr\n\t"
      "mov x0, x11\n\t"
      "blr x10\n\t"
      "brk #1\n"
      "1:"
      : "+r"(result)
      : "r"(size_register), "r"(number_register), "r"(entry_register), "r"(argument_register)
      : "x30", "memory", "cc");
  return result;
#endif
}
#else
constexpr bool has_clone3 = false;
long raw_clone3(clone_args*, int (*)(void*), void*) { return -ENOSYS; }
#endif

CloneResult by_clone3(ChildPlan& plan, const ChildStack& stack, int cgroup) {
  const int files = share_descriptors(plan);
  plan.signals_to_reset = ignored_signals();
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_VM | side_by_side | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.flags |= static_cast<std::uint64_t>(files);
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.child_tid = reinterpret_cast<std::uintptr_t>(&plan.in_our_memory);
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack.bottom());
  args.stack_size = ChildStack::size;
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  const long pid = raw_clone3(&args, enter_child, &plan);
  if (pid < 0) return {.error = static_cast<int>(-pid), .pidfd = {}};
  return {.pid = static_cast<pid_t>(pid), .pidfd = Fd{pidfd}};
}

CloneResult by_clone(ChildPlan& plan, const ChildStack& stack) {
  const int files = share_descriptors(plan);
  plan.signals_to_reset = ~std::uint64_t{0};
  const int flags = static_cast<int>(CLONE_VM | side_by_side | CLONE_PIDFD | SIGCHLD) | files;
  int pidfd = -1;
  const int pid =
      ::clone(enter_child, stack.top(), flags, &plan, &pidfd, nullptr, &plan.in_our_memory);
  if (pid < 0) return {.error = errno, .pidfd = {}};
  return {.pid = pid, .pidfd = Fd{pidfd}};
}

/// fork(2) that gives a pidfd too: valgrind 3.19 knows no pidfd_open(2).  Without
/// the C library's fork handlers, which the child side does not need.
pid_t fork_with_pidfd(int* pidfd) {
#if !defined(__s390__)  // whose clone takes its arguments in another order
  const long pid = ::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, pidfd, nullptr, nullptr);
  if (pid >= 0 || errno != EINVAL) return static_cast<pid_t>(pid);
#endif
  return ::fork();
}

CloneResult by_fork(ChildPlan& plan) {
  auto ends = make_pipe_ends();
  if (!ends) return {.error = EMFILE, .pidfd = {}};
  auto& [reader, writer] = *ends;

  plan.shares_descriptors = false;
  plan.signals_to_reset = ~std::uint64_t{0};
  plan.report_pipe = writer.get();
  int pidfd = -1;
  const pid_t pid = fork_with_pidfd(&pidfd);
  if (pid == 0) run_child(plan);
  if (pid < 0) return {.error = errno, .pidfd = {}};
  writer.reset();
  plan.report_pipe = -1;

  // End of file means that the exec closed the pipe.
  ChildReport report;
  ssize_t length;
  do {
    length = ::read(reader.get(), &report, sizeof report);
  } while (length < 0 && errno == EINTR);
  if (length == static_cast<ssize_t>(sizeof report)) plan.report = report;
  return {.pid = pid, .pidfd = Fd{pidfd}};
}

/// A system call that is not there, or that a filter forbids.
bool is_unavailable(int error) {
  return error == ENOSYS || error == EPERM || error == EINVAL || error == E2BIG;
}

/// Children that a way without pidfds made.
Fd open_pidfd(pid_t pid) {
  return Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};  // close-on-exec always
}

}  // namespace

ChildStack::ChildStack() {
  void* const memory = ::mmap(nullptr, stack_guard + size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  ::mprotect(memory, stack_guard, PROT_NONE);
  bottom_ = static_cast<char*>(memory) + stack_guard;
}

ChildStack::~ChildStack() {
  if (exists()) ::munmap(bottom_ - stack_guard, stack_guard + size);
}

CloneResult clone_child(ChildPlan& plan, const ChildStack& stack, int cgroup, CloneMethod method) {
  static CloneMethod best = has_clone3 ? CloneMethod::clone3 : CloneMethod::clone;
  const AllSignalsBlocked blocked;
  if (method < best) method = best;
  if (!stack.exists()) method = CloneMethod::fork;

  plan.in_our_memory = 1;
  CloneResult made;
  if (method == CloneMethod::clone3) {
    made = by_clone3(plan, stack, cgroup);
    if (made.pid < 0 && is_unavailable(made.error)) method = best = CloneMethod::clone;
  }
  if (method != CloneMethod::clone3) plan.cgroup = cgroup;  // the child enters it itself
  if (method == CloneMethod::clone && !shares_memory()) method = best = CloneMethod::fork;
  if (method == CloneMethod::clone) {
    made = by_clone(plan, stack);
    if (made.pid < 0 && is_unavailable(made.error)) method = best = CloneMethod::fork;
  }
  if (method == CloneMethod::fork) made = by_fork(plan);

  const bool runs_beside_us = has_raw_call && made.pid > 0 && method != CloneMethod::fork;
  if (!runs_beside_us) plan.in_our_memory = 0;
  if (made.pid > 0 && !made.pidfd) made.pidfd = open_pidfd(made.pid);
  return made;
}

void await_departure(ChildPlan& plan) {
  const std::atomic_ref in_our_memory{plan.in_our_memory};
  while (in_our_memory.load(std::memory_order_acquire) != 0) {
    ::syscall(SYS_futex, &plan.in_our_memory, FUTEX_WAIT, 1, nullptr, nullptr, 0);
  }
}

}  // namespace mcpctl::spawn
