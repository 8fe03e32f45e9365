/* The least that does the job, as the bound of what a supervisor can reach on this
 * machine: clone with shared memory, a pipe per child, epoll, splice to a file, respawn
 * at once, a stop by process group.  It validates nothing and reports nothing.
 *   bench_floor CHILDREN GRACE_MS LOG_FOLDER PROGRAM MAP MODE [VALUE]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { pid_slots = 1 << 22, stack_size = 64 << 10, pipe_size = 1 << 20, first_child = 2 };

struct child {
  pid_t pid;
  int pipe;
  int file;
};

struct plan {
  char* words[6];
  int output;
};

extern char** environ;
static char** arguments;
static long children;
static struct child* fleet;
static int* by_pid;
static int epoll;

static int become_child(void* what) {
  struct plan* const plan = what;
  sigset_t none;
  setsid();
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dup2(plan->output, 1);
  dup2(plan->output, 2);
  execve(plan->words[0], plan->words, environ);
  _exit(127);
}

static void spawn(long index, char* stack) {
  char number[24];
  struct plan plan = {{arguments[4], arguments[5], number, arguments[6], arguments[7], NULL}, -1};
  int ends[2];
  snprintf(number, sizeof number, "%ld", index);
  if (pipe2(ends, O_CLOEXEC) != 0) exit(1);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  if (children <= 32) fcntl(ends[0], F_SETPIPE_SZ, pipe_size);
  plan.output = ends[1];
  int pidfd = -1;
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  const pid_t pid = clone(become_child, stack + stack_size, flags, &plan, &pidfd);
  if (pid < 0) exit(1);
  close(pidfd);
  close(ends[1]);
  if (fleet[index].pipe >= 0) close(fleet[index].pipe);
  fleet[index].pid = pid;
  fleet[index].pipe = ends[0];
  by_pid[pid] = (int)index + 1;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)index + first_child};
  epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
}

static char* make_stack(void) {
  return mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1,
              0);
}

/* A clone suspends its thread until the exec: two threads keep two processors busy. */
static void* spawn_odd(void* unused) {
  char* const stack = make_stack();
  for (long i = 1; i < children; i += 2) spawn(i, stack);
  return unused;
}

static void drain(long index) {
  struct child* const child = &fleet[index];
  if (child->pipe < 0) return;
  if (child->file < 0) {
    char path[512];
    snprintf(path, sizeof path, "%s/%ld.log", arguments[3], index);
    child->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  }
  for (int round = 0; round < 16; ++round) {
    const ssize_t moved = splice(child->pipe, NULL, child->file, NULL, pipe_size,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) continue;
    if (moved == 0) {
      close(child->pipe);
      child->pipe = -1;
    }
    return;
  }
}

static void signal_all(int number) {
  for (long i = 0; i < children; ++i) {
    if (fleet[i].pid > 0) kill(-fleet[i].pid, number);
  }
}

static long reap(int stopping, char* stack) {
  long gone = 0;
  for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
    const long index = by_pid[pid] - 1;
    if (index < 0 || fleet[index].pid != pid) continue;
    drain(index);
    fleet[index].pid = 0;
    if (stopping) ++gone;
    else spawn(index, stack);
  }
  return gone;
}

static void watch(int descriptor, uint64_t what) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int main(int count, char** words) {
  if (count < 7) return 2;
  arguments = words;
  children = atol(words[1]);
  const long grace_ms = atol(words[2]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  fleet = malloc((size_t)children * sizeof *fleet);
  by_pid = calloc(pid_slots, sizeof *by_pid);
  for (long i = 0; i < children; ++i) fleet[i] = (struct child){0, -1, -1};
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGCHLD);
  sigaddset(&ours, SIGTERM);
  sigprocmask(SIG_BLOCK, &ours, NULL);
  const int signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(signals, 0);
  watch(timer, 1);

  char* const stack = make_stack();
  pthread_t second;
  pthread_create(&second, NULL, spawn_odd, NULL);
  for (long i = 0; i < children; i += 2) spawn(i, stack);
  pthread_join(second, NULL);

  int stopping = 0;
  for (long living = children; living > 0;) {
    struct epoll_event events[256];
    const int ready = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      const uint64_t what = events[i].data.u64;
      if (what >= first_child) {
        drain((long)what - first_child);
        continue;
      }
      if (what == 1) {
        uint64_t times;
        if (read(timer, &times, sizeof times) > 0) signal_all(SIGKILL);
        continue;
      }
      struct signalfd_siginfo info;
      while (read(signals, &info, sizeof info) > 0) {
        if (info.ssi_signo != SIGTERM || stopping) continue;
        stopping = 1;
        signal_all(SIGTERM);
        const struct itimerspec grace = {{0, 0},
                                         {grace_ms / 1000, grace_ms % 1000 * 1000000 + 1}};
        timerfd_settime(timer, 0, &grace, NULL);
      }
      living -= reap(stopping, stack);
    }
  }
  return 0;
}
