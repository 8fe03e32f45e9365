/* The child of every measurement:
 *   bench_child MAP INDEX wait             until SIGTERM
 *   bench_child MAP INDEX stubborn         until SIGKILL
 *   bench_child MAP INDEX flood BYTES      child 0 writes numbered lines, all wait
 *   bench_child MAP INDEX orphans COUNT    leaves orphans behind, then counts zombies
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

enum { line_size = 100, block_size = 65500 /* whole lines */ };

static struct stamp_map* map;
static uint32_t own_index;

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void stamp(uint32_t kind, uint64_t time_ns, uint64_t value) {
  const uint64_t slot = __atomic_fetch_add(&map->count, 1, __ATOMIC_ACQ_REL);
  if (slot >= map->capacity) return;
  struct stamp* const mine = &stamps_of(map)[slot];
  mine->time_ns = time_ns;
  mine->value = value;
  mine->index = own_index;
  mine->pid = (uint32_t)getpid();
  mine->kind = kind;
  __atomic_store_n(&mine->is_whole, 1, __ATOMIC_RELEASE);
}

static void on_term(int signal_number) {
  (void)signal_number;
  stamp(stamp_signalled, now_ns(), 0);
  _exit(0);
}

static int open_map(const char* path) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return -1;
  void* const memory =
      mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return -1;
  map = memory;
  return 0;
}

static void number(char* line, uint64_t value) {
  memset(line, 'x', line_size);
  for (int digit = 11; digit >= 0; --digit, value /= 10) line[digit] = (char)('0' + value % 10);
  line[12] = ' ';
  line[line_size - 1] = '\n';
}

static void flood(uint64_t bytes) {
  static char block[block_size];
  stamp(stamp_flood_began, now_ns(), bytes);
  const uint64_t lines = bytes / line_size;
  for (uint64_t line = 0; line < lines;) {
    size_t filled = 0;
    while (filled < block_size && line < lines) {
      number(block + filled, line++);
      filled += line_size;
    }
    for (size_t written = 0; written < filled;) {
      const ssize_t more = write(1, block + written, filled - written);
      if (more < 0) return;
      written += (size_t)more;
    }
  }
  stamp(stamp_flood_ended, now_ns(), bytes);
}

static uint64_t count_zombies(void) {
  DIR* const processes = opendir("/proc");
  uint64_t zombies = 0;
  for (struct dirent* entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
    char path[300];
    char text[512];
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    if (size <= 0) continue;
    text[size] = '\0';
    const char* const end_of_name = strrchr(text, ')');
    zombies += end_of_name != NULL && end_of_name[2] == 'Z';
  }
  if (processes != NULL) closedir(processes);
  return zombies;
}

static void orphan(uint64_t count) {
  const struct timespec moment = {0, 100000000};
  const struct timespec second = {1, 0};
  for (uint64_t i = 0; i < count; ++i) {
    const pid_t parent = fork();
    if (parent == 0) {
      if (fork() == 0) nanosleep(&moment, NULL);
      _exit(0);
    }
    waitpid(parent, NULL, 0);
  }
  nanosleep(&second, NULL);
  stamp(stamp_zombies, now_ns(), count_zombies());
}

int main(int count, char** words) {
  const uint64_t started = now_ns();
  if (count < 4) return 2;
  own_index = (uint32_t)atoi(words[2]);
  const char* const mode = words[3];
  const uint64_t value = count > 4 ? strtoull(words[4], NULL, 10) : 0;
  if (open_map(words[1]) != 0) return 1;
  signal(SIGTERM, strcmp(mode, "stubborn") == 0 ? SIG_IGN : on_term);
  stamp(stamp_started, started, 0);
  if (strcmp(mode, "flood") == 0 && own_index == 0) flood(value);
  if (strcmp(mode, "orphans") == 0) {
    orphan(value);
    return 42;
  }
  for (;;) pause();
}
