#include "loop/pool.h"

#include <pthread.h>
#include <uv.h>

#include <array>

#include "loop/signal.h"

namespace mcpctl::loop {
namespace {

constexpr unsigned pool_size = 4;  // libuv's default

bool are_threads_granted() {
  uv_sem_t end;
  if (uv_sem_init(&end, 0) != 0) return false;
  const SignalsHeld held;
  std::array<pthread_t, pool_size> threads{};
  unsigned made = 0;
  const auto wait = [](void* semaphore) -> void* {
    uv_sem_wait(static_cast<uv_sem_t*>(semaphore));
    return nullptr;
  };
  while (made < pool_size && ::pthread_create(&threads.at(made), nullptr, wait, &end) == 0) ++made;
  for (unsigned i = 0; i < made; ++i) uv_sem_post(&end);
  for (unsigned i = 0; i < made; ++i) ::pthread_join(threads.at(i), nullptr);
  uv_sem_destroy(&end);
  return made == pool_size;
}

}  // namespace

bool is_pool_granted() {
  static bool granted = false;
  if (!granted) granted = are_threads_granted();
  return granted;
}

}  // namespace mcpctl::loop
