// System calls of a child that shares our memory: the answer is the kernel's own, a
// result or -errno.  syscall(2) of the C library would keep the error in errno, which
// is the parent's too and which the parent uses meanwhile.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>

#include "spawn/child_side.h"

namespace mcpctl::spawn {

#if defined(__x86_64__)
inline constexpr bool has_raw_call = true;

MCPCTL_CHILD_SIDE inline long call_kernel(long number, long a, long b, long c, long d, long e) {
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline constexpr bool has_raw_call = true;

MCPCTL_CHILD_SIDE inline long call_kernel(long number, long a, long b, long c, long d, long e) {
  register long number_register asm("x8") = number;
  register long result asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  asm volatile("svc #0"
               : "+r"(result)
               : "r"(number_register), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory");
  return result;
}
#else
/// The parent must stand still while a child runs.
inline constexpr bool has_raw_call = false;

MCPCTL_CHILD_SIDE inline long call_kernel(long number, long a, long b, long c, long d, long e) {
  const long result = ::syscall(number, a, b, c, d, e);
  return result == -1 ? -errno : result;
}
#endif

template <typename Argument>
MCPCTL_CHILD_SIDE inline long word_of(Argument argument) {
  if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<long>(argument);
  } else {
    return static_cast<long>(argument);
  }
}

/// Up to five arguments; the rest are 0.
template <typename... Arguments>
MCPCTL_CHILD_SIDE inline long raw_call(long number, Arguments... arguments) {
  static_assert(sizeof...(arguments) <= 5);
  const long words[5] = {word_of(arguments)...};
  return call_kernel(number, words[0], words[1], words[2], words[3], words[4]);
}

}  // namespace mcpctl::spawn
