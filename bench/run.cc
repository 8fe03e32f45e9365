#include "bench/run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/clock.h"
#include "bench/process_figures.h"

namespace mcpctl::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr unsigned patience_ms = 60'000;

const std::string programs = MCPCTL_BINARY_DIR;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

Place make_place() {
  const std::string folder = make_folder();
  return {folder, folder + "/stamps"};
}

std::vector<std::string> prepare_floor(const Place& place, const Order& order) {
  return {programs + "/bench/bench_floor",
          std::to_string(order.children),
          std::to_string(order.grace_ms),
          place.logs(),
          child_program,
          place.stamps,
          order.mode,
          std::to_string(order.value)};
}

std::vector<std::string> prepare_mcpctl(const Place& place, const Order& order) {
  const json ours{{"kind", "process"}};
  json servers = json::object();
  for (std::size_t i = 0; i < order.children; ++i) {
    const std::vector<std::string> words = child_command(place, i, order);
    servers["s" + std::to_string(i)] = {
        {"command", words.front()},
        {"args", std::vector<std::string>{words.begin() + 1, words.end()}},
        {"x-mcpctl", ours}};
  }
  const json defaults{{"backoff", {{"initial", "0ms"}}},
                      {"crashLoop", {{"failures", 1'000'000}}},
                      {"stop", {{"eof", "0ms"}, {"term", std::to_string(order.grace_ms) + "ms"}}}};
  const json logs{{"dir", place.logs()}, {"format", order.log_format}, {"maxSize", "64GiB"}};
  const json fleet{{"name", "bench-" + std::to_string(::getpid())},
                   {"defaults", defaults},
                   {"maxConcurrentStarts", 100'000},
                   {"logs", logs}};
  std::ofstream{place.folder + "/mcp.json"} << json{{"mcpServers", servers}, {"x-mcpctl", fleet}};
  return {programs + "/mcpctl", "run", "-c", place.folder + "/mcp.json"};
}

}  // namespace

const Supervisor& supervisor_of(Subject subject) {
  static const Supervisor floor{"floor", prepare_floor};
  static const Supervisor mcpctl{"mcpctl", prepare_mcpctl};
  return subject == Subject::floor ? floor : mcpctl;
}

std::vector<std::string> child_command(const Place& place, std::size_t index, const Order& order) {
  return {child_program, place.stamps, std::to_string(index), order.mode,
          std::to_string(order.value)};
}

std::string make_folder() {
  std::string path = "/dev/shm/mcpctl-bench-XXXXXX";  // mkdtemp(3) fills in the end
  if (::mkdtemp(path.data()) == nullptr) {
    std::perror("mkdtemp");
    std::exit(1);
  }
  fs::create_directory(path + "/logs");
  fs::create_directory(path + "/run");
  fs::permissions(path + "/run", fs::perms::owner_all);
  return path;
}

pid_t launch(const std::vector<std::string>& words, const std::string& folder) {
  std::vector<std::string> argv = words;
  std::vector<std::string> env{"XDG_RUNTIME_DIR=" + folder + "/run", "HOME=" + folder};
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, (folder + "/complaints").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0].c_str(), &files, nullptr, pointers_to(argv).data(),
                                   pointers_to(env).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    std::fprintf(stderr, "cannot start %s\n", argv[0].c_str());
    std::exit(1);
  }
  return pid;
}

Run::Run(const Supervisor& supervisor, const Order& order)
    : supervisor_(supervisor),
      wanted_(order.children),
      place_(make_place()),
      stamps_(place_.stamps) {
  const std::vector<std::string> words = supervisor_.prepare(place_, order);
  launched_ns_ = now_ns();
  root_ = launch(words, place_.folder);
}

/// The supervisor first, or it would bring its children back.
Run::~Run() {
  if (::waitpid(root_, nullptr, WNOHANG) == 0) {
    const std::vector<pid_t> own = own_processes();
    for (const pid_t process : own) ::kill(process, SIGKILL);
    ::waitpid(root_, nullptr, 0);
    const std::vector<pid_t> left = children();
    EndWatch ends{left};
    for (const pid_t process : left) ::kill(process, SIGKILL);
    ends.wait(patience_ms);
  }
  std::error_code ignored;
  fs::remove_all(place_.folder, ignored);
}

std::vector<pid_t> Run::own_processes() {
  const std::vector<pid_t> of_children = children();
  std::vector<pid_t> own = family_of(root_);
  std::erase_if(own, [&](pid_t process) {
    return std::ranges::find(of_children, process) != of_children.end();
  });
  return own;
}

std::vector<pid_t> Run::children() {
  stamps_.update();
  std::vector<pid_t> pids;
  for (const auto& [index, start] : stamps_.latest()) pids.push_back(start.pid);
  return pids;
}

bool Run::await_all() {
  const auto all_run = [this] {
    stamps_.update();
    return stamps_.running() >= wanted_;
  };
  if (wait_until(all_run, patience_ms)) return true;
  std::fprintf(stderr, "only %zu of %zu children run; the subject says:\n%s\n", stamps_.running(),
               wanted_, text_of(place_.folder + "/complaints").c_str());
  return false;
}

double Run::start_ms() {
  if (!await_all()) return -1;
  std::uint64_t last = 0;
  for (const auto& [index, start] : stamps_.latest()) last = std::max(last, start.time_ns);
  return ms(last - launched_ns_);
}

std::vector<double> Run::kill_and_await(const std::vector<std::uint32_t>& indices) {
  stamps_.update();
  std::vector<pid_t> victims;
  for (const std::uint32_t index : indices) victims.push_back(stamps_.latest().at(index).pid);
  const std::uint64_t killed_ns = now_ns();
  for (const pid_t victim : victims) ::kill(victim, SIGKILL);
  const auto all_back = [&] {
    stamps_.update();
    return std::ranges::all_of(
        indices, [&](std::uint32_t index) { return stamps_.started_since(index, killed_ns); });
  };
  wait_until(all_back, patience_ms);
  std::vector<double> times;
  for (const std::uint32_t index : indices) {
    if (!stamps_.started_since(index, killed_ns)) continue;
    times.push_back(ms(stamps_.latest().at(index).time_ns - killed_ns));
  }
  return times;
}

double Run::stop_ms() {
  EndWatch ends{children()};
  const std::uint64_t begun = now_ns();
  ::kill(root_, supervisor_.stop_signal);
  const std::uint64_t ended = ends.wait(patience_ms);
  if (ended == 0) return -1;
  ::waitpid(root_, nullptr, 0);
  return ms(ended - begun);
}

std::uint64_t Run::log_bytes() const {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& file : fs::directory_iterator{log_folder(), gone}) {
    const std::uint64_t size = file.file_size(gone);
    if (!gone) sum += size;
  }
  return sum;
}

}  // namespace mcpctl::bench
