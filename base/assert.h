// MCPCTL_ASSERT states an invariant of our own.  It stays on in release builds:
// a supervisor that no longer knows its state must not go on signalling processes.
// Never use it on outside input; that is a Result, a Problem or a Malformed.
#pragma once
#include <cstdio>
#include <cstdlib>

#define MCPCTL_ASSERT(condition)                                                        \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      std::fprintf(stderr, "mcpctl: %s:%d: broken invariant: %s\n", __FILE__, __LINE__, \
                   #condition);                                                         \
      std::abort();                                                                     \
    }                                                                                   \
  } while (false)
