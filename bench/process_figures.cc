#include "bench/process_figures.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bench/clock.h"

namespace mcpctl::bench {
namespace {

namespace fs = std::filesystem;

std::string folder_of(pid_t process) { return "/proc/" + std::to_string(process); }

/// The number behind `key` in a file of "key: number" lines; 0 if it is not there.
std::uint64_t number_in(const std::string& path, const std::string& key) {
  std::ifstream file{path};
  std::uint64_t value = 0;
  for (std::string word; file >> word;) {
    if (word != key) continue;
    file >> value;
    break;
  }
  return value;
}

}  // namespace

Memory memory_of(const std::vector<pid_t>& processes) {
  Memory sum;
  for (const pid_t process : processes) {
    const std::string path = folder_of(process) + "/smaps_rollup";
    sum.rss_mib += static_cast<double>(number_in(path, "Rss:")) / 1024;
    sum.pss_mib += static_cast<double>(number_in(path, "Pss:")) / 1024;
  }
  return sum;
}

Activity activity_of(const std::vector<pid_t>& processes) {
  Activity sum;
  for (const pid_t process : processes) {
    std::error_code gone;
    for (const auto& thread : fs::directory_iterator{folder_of(process) + "/task", gone}) {
      std::uint64_t ran_ns = 0;
      std::ifstream{thread.path() / "schedstat"} >> ran_ns;
      sum.cpu_ms += ms(ran_ns);
      sum.wakeups += number_in(thread.path() / "status", "voluntary_ctxt_switches:");
    }
  }
  return sum;
}

std::vector<pid_t> children_of(pid_t process) {
  const std::string number = std::to_string(process);
  std::ifstream file{"/proc/" + number + "/task/" + number + "/children"};
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

std::vector<pid_t> family_of(pid_t process) {
  std::vector<pid_t> family{process};
  for (std::size_t i = 0; i < family.size(); ++i) {
    const std::vector<pid_t> children = children_of(family[i]);
    family.insert(family.end(), children.begin(), children.end());
  }
  return family;
}

std::vector<std::string> command_line_of(pid_t process) {
  std::ifstream file{folder_of(process) + "/cmdline"};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

EndWatch::EndWatch(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    if (descriptor >= 0) descriptors_.push_back(descriptor);
  }
}

EndWatch::~EndWatch() {
  for (const int descriptor : descriptors_) ::close(descriptor);
}

std::uint64_t EndWatch::wait(unsigned limit_ms) {
  const std::uint64_t end = now_ns() + limit_ms * std::uint64_t{1'000'000};
  std::uint64_t last = now_ns();
  while (!descriptors_.empty()) {
    pollfd watched{descriptors_.back(), POLLIN, 0};
    if (now_ns() > end) return 0;
    if (::poll(&watched, 1, 100) <= 0) continue;
    last = now_ns();
    ::close(descriptors_.back());
    descriptors_.pop_back();
  }
  return last;
}

}  // namespace mcpctl::bench
