#include "inspect.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "json_text.h"

namespace misbehave {

namespace {

std::string picture;

void add(std::string_view key, std::string_view json) {
  if (picture.size() > 1) picture += ',';
  picture += quoted(key);
  picture += ':';
  picture += json;
}

void add(std::string_view key, long value) { add(key, std::to_string(value)); }

std::string file_text(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  close(fd);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return out + ']';
}

std::string environment() {
  std::string out = "{";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = std::min(text.find('='), text.size());
    if (out.size() > 1) out += ',';
    out += quoted(text.substr(0, equals)) + ':' +
           quoted(equals < text.size() ? text.substr(equals + 1) : std::string_view{});
  }
  return out + '}';
}

std::string limits() {
  struct Named {
    const char* name;
    __rlimit_resource_t resource;
  };
  constexpr Named all[] = {
      {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
      {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
      {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK}};
  std::string out = "{";
  for (const Named& limit : all) {
    rlimit value{};
    getrlimit(limit.resource, &value);
    const auto text = [](rlim_t n) { return n == RLIM_INFINITY ? "-1" : std::to_string(n); };
    if (out.size() > 1) out += ',';
    out += quoted(limit.name) + ":[" + text(value.rlim_cur) + ',' + text(value.rlim_max) + ']';
  }
  return out + '}';
}

std::string descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return "{}";
  std::string out = "{";
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.' || std::atoi(entry->d_name) == dirfd(folder)) continue;
    char target[PATH_MAX];
    const std::string path = std::string{"/proc/self/fd/"} + entry->d_name;
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    if (length < 0) continue;
    if (out.size() > 1) out += ',';
    out += quoted(entry->d_name) + ':' + quoted({target, static_cast<std::size_t>(length)});
  }
  closedir(folder);
  return out + '}';
}

void add_signals() {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, nullptr, &mask);
  std::vector<std::string> blocked, ignored;
  for (int signal = 1; signal < 65; ++signal) {
    if (sigismember(&mask, signal) == 1) blocked.push_back(std::to_string(signal));
    struct sigaction action{};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ignored.push_back(std::to_string(signal));
    }
  }
  add("blocked", list(blocked));
  add("ignored", list(ignored));
}

}  // namespace

void remember_inheritance(int argc, char** argv) {
  picture = "{";
  std::vector<std::string> arguments;
  for (int i = 0; i < argc; ++i) arguments.push_back(quoted(argv[i]));
  add("argv", list(arguments));
  add("env", environment());
  char cwd[PATH_MAX] = "";
  add("cwd", quoted(getcwd(cwd, sizeof cwd) != nullptr ? cwd : ""));
  add("pid", getpid());
  add("ppid", getppid());
  add("pgid", getpgrp());
  add("sid", getsid(0));
  add("uid", static_cast<long>(getuid()));
  add("gid", static_cast<long>(getgid()));
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
  getgroups(static_cast<int>(groups.size()), groups.data());
  std::vector<std::string> group_texts;
  for (const gid_t group : groups) group_texts.push_back(std::to_string(group));
  add("groups", list(group_texts));
  const mode_t mask = umask(0);
  umask(mask);
  const char octal[] = {'0', static_cast<char>('0' + ((mask >> 6) & 7)),
                        static_cast<char>('0' + ((mask >> 3) & 7)),
                        static_cast<char>('0' + (mask & 7)), '\0'};
  add("umask", quoted(octal));
  add("rlimits", limits());
  add_signals();
  add("fds", descriptors());
  add("cgroup", quoted(file_text("/proc/self/cgroup")));
  add("oom_score_adj", number(file_text("/proc/self/oom_score_adj"), 0));
  add("no_new_privs", static_cast<long>(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  int death_signal = 0;
  prctl(PR_GET_PDEATHSIG, &death_signal);
  add("parent_death_signal", static_cast<long>(death_signal));
  picture += '}';
}

const std::string& inheritance() { return picture; }

}  // namespace misbehave
