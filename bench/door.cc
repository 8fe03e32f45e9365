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

std::vector<std::string> floor_command(const std::string& /*folder*/, std::uint16_t port,
                                       const std::vector<std::string>& server) {
  std::vector<std::string> words{MCPCTL_BINARY_DIR "/bench/bench_door_floor", std::to_string(port)};
  words.insert(words.end(), server.begin(), server.end());
  return words;
}

std::vector<std::string> mcpctl_command(const std::string& folder, std::uint16_t port,
                                        const std::vector<std::string>& server) {
  using nlohmann::json;
  const json ours{{"name", "bench-" + std::to_string(::getpid())},
                  {"defaults", {{"backoff", {{"initial", "0ms"}}}}},
                  {"logs", {{"dir", folder + "/logs"}}},
                  {"gateway", {{"listen", "127.0.0.1:" + std::to_string(port)}}}};
  const std::vector<std::string> arguments{server.begin() + 1, server.end()};
  const json echo{{"command", server.front()}, {"args", arguments}};
  std::ofstream{folder + "/mcp.json"} << json{{"mcpServers", {{"echo", echo}}}, {"x-mcpctl", ours}};
  return {MCPCTL_BINARY_DIR "/mcpctl", "run", "-c", folder + "/mcp.json"};
}

}  // namespace

const Gateway& gateway_of(Subject subject) {
  static const Gateway floor{"floor", "/mcp/echo", Era::legacy, "", floor_command};
  static const Gateway mcpctl{"mcpctl", "/mcp/echo", Era::legacy, "", mcpctl_command};
  return subject == Subject::floor ? floor : mcpctl;
}

Door::Door(const Gateway& gateway, std::vector<std::string> server)
    : gateway_(gateway), server_(std::move(server)), folder_(make_folder()), port_(free_port()) {
  const std::vector<std::string> words = gateway_.command(folder_, port_, server_);
  const std::uint64_t launched = now_ns();
  root_ = launch(words, folder_);
  Clients first{endpoint(), gateway_.era, gateway_.tool_prefix + "echo"};
  if (!wait_until([&] { return first.add(1); }, end_limit_ms)) return;
  // Some take calls before they have the server, and must not be kept busy with them.
  const auto is_answered = [&] {
    const bool answered = first.call_once();
    if (!answered) rest(10);
    return answered;
  };
  if (!wait_until(is_answered, end_limit_ms)) return;
  first_answer_ms_ = ms(now_ns() - launched);
}

Door::~Door() {
  const std::vector<pid_t> all = family_of(root_);
  EndWatch ends{all};
  ::kill(root_, SIGTERM);
  if (ends.wait(end_limit_ms) == 0) {
    for (const pid_t process : all) ::kill(process, SIGKILL);
  }
  ::waitpid(root_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::vector<pid_t> Door::processes(bool servers) const {
  std::vector<pid_t> found;
  for (const pid_t process : family_of(root_)) {
    const bool is_server = process != root_ && command_line_of(process) == server_;
    if (is_server == servers) found.push_back(process);
  }
  return found;
}

}  // namespace mcpctl::bench
