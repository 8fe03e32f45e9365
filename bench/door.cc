#include "bench/door.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/clients.h"
#include "bench/clock.h"
#include "bench/process_figures.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned end_limit_ms = 20'000;

/// A port of loopback that nobody uses now.
std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(socket, raw, size) == 0 && ::getsockname(socket, raw, &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

}  // namespace

Door::Door(Subject subject) : subject_(subject), folder_(make_folder()), port_(free_port()) {
  const std::vector<std::string> words = command();
  const std::uint64_t launched = now_ns();
  root_ = launch(words, folder_);
  Clients first{port_, Era::legacy, "echo"};
  if (!wait_until([&] { return first.add(1); }, end_limit_ms)) return;
  if (first.call_once()) first_answer_ms_ = ms(now_ns() - launched);
}

Door::~Door() {
  std::vector<pid_t> all = own_processes();
  const std::vector<pid_t> behind = servers();
  all.insert(all.end(), behind.begin(), behind.end());
  EndWatch ends{all};
  ::kill(root_, SIGTERM);
  if (ends.wait(end_limit_ms) == 0) {
    for (const pid_t process : all) ::kill(process, SIGKILL);
  }
  ::waitpid(root_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> Door::command() const {
  const std::string port = std::to_string(port_);
  if (subject_ == Subject::floor) {
    return {MCPCTL_BINARY_DIR "/bench/bench_door_floor", port, echo_program};
  }
  using nlohmann::json;
  const json ours{{"name", "bench-" + std::to_string(::getpid())},
                  {"defaults", {{"backoff", {{"initial", "0ms"}}}}},
                  {"logs", {{"dir", folder_ + "/logs"}}},
                  {"gateway", {{"listen", "127.0.0.1:" + port}}}};
  std::ofstream{folder_ + "/mcp.json"}
      << json{{"mcpServers", {{"echo", {{"command", echo_program}}}}}, {"x-mcpctl", ours}};
  return {MCPCTL_BINARY_DIR "/mcpctl", "run", "-c", folder_ + "/mcp.json"};
}

std::vector<pid_t> Door::own_processes() const {
  std::vector<pid_t> own{root_};
  if (subject_ == Subject::floor) return own;
  for (const pid_t supervisor : children_of(root_)) own.push_back(supervisor);
  return own;
}

std::vector<pid_t> Door::servers() const { return children_of(own_processes().back()); }

}  // namespace mcpctl::bench
