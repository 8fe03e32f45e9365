// libuv aborts the process when the kernel refuses it a place in epoll or a thread for
// its pool.  A supervisor must not die of what is over in a moment (no memory, too many
// processes of this user), so these two calls of libuv come here, by the linker's
// --wrap, and are made again for up to a second.  Nothing of ours calls them.
#include <sys/epoll.h>
#include <time.h>
#include <uv.h>

#include <cerrno>
#include <cstdio>

namespace {

constexpr int attempts = 1000;

/// What follows is libuv's abort, which would not say it.
void give_up(const char* what, int error) noexcept {
  std::fprintf(stderr, "mcpctl: error: cannot %s: %s\n", what, uv_strerror(-error));
}

void wait_a_millisecond() noexcept {
  constexpr timespec moment{0, 1'000'000};
  ::nanosleep(&moment, nullptr);
}

}  // namespace

extern "C" {

// The names are the linker's.  NOLINTBEGIN(readability-identifier-naming)
int __real_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event);
int __real_uv_thread_create(uv_thread_t* thread, uv_thread_cb entry, void* argument);

int __wrap_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  int result = -1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    result = __real_epoll_ctl(epoll, operation, descriptor, event);
    if (result == 0 || (errno != ENOMEM && errno != ENOSPC)) return result;
    wait_a_millisecond();
  }
  give_up("watch a descriptor", errno);
  return result;
}

int __wrap_uv_thread_create(uv_thread_t* thread, uv_thread_cb entry, void* argument) noexcept {
  int result = UV_EAGAIN;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    result = __real_uv_thread_create(thread, entry, argument);
    if (result != UV_EAGAIN && result != UV_ENOMEM) return result;
    wait_a_millisecond();
  }
  give_up("start a thread", -result);
  return result;
}
// NOLINTEND(readability-identifier-naming)

}  // extern "C"
