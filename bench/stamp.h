// What a benchmark's child writes into the map that it shares with the benchmark: when
// it reached main() and what it did since.  Times do not depend on who looks when.
// C and C++; the child is a static C program, so that its own start weighs little.
#pragma once
#include <stdint.h>

enum stamp_kind {
  stamp_started = 1, /* main() was reached */
  stamp_flood_began = 2,
  stamp_flood_ended = 3,
  stamp_signalled = 4, /* SIGTERM arrived */
  stamp_zombies = 5    /* value: how many were seen */
};

struct stamp {
  uint64_t time_ns; /* CLOCK_MONOTONIC */
  uint64_t value;
  uint32_t index;
  uint32_t pid;
  uint32_t kind;
  uint32_t is_whole; /* written last */
};

/* The head of the map; the stamps stand behind it. */
struct stamp_map {
  uint64_t count; /* slots taken so far */
  uint64_t capacity;
};

static inline struct stamp* stamps_of(struct stamp_map* map) { return (struct stamp*)(map + 1); }
