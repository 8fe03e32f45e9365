#include "bench/peers.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace mcpctl::bench {
namespace {

const std::string packages = MCPCTL_SOURCE_DIR "/bench/peers/node_modules/";
const std::string supergateway = packages + "supergateway/dist/index.js";
const std::string mcp_proxy = packages + "mcp-proxy/dist/bin/mcp-proxy.mjs";
const std::string mcp_hub = packages + "mcp-hub/dist/cli.js";

std::vector<std::string> supergateway_command(const std::string& /*folder*/, std::uint16_t port,
                                              const std::vector<std::string>& server) {
  std::string line;  // for a shell
  for (const std::string& word : server) line += (line.empty() ? "" : " ") + word;
  return {
      "node",   supergateway,         "--stdio",    line,   "--outputTransport", "streamableHttp",
      "--port", std::to_string(port), "--logLevel", "none", "--stateful"};
}

std::vector<std::string> mcp_proxy_command(const std::string& /*folder*/, std::uint16_t port,
                                           const std::vector<std::string>& server) {
  std::vector<std::string> words{"node",      mcp_proxy, "--host",
                                 "127.0.0.1", "--port",  std::to_string(port),
                                 "--server",  "stream",  "--"};
  words.insert(words.end(), server.begin(), server.end());
  return words;
}

std::vector<std::string> mcp_hub_command(const std::string& folder, std::uint16_t port,
                                         const std::vector<std::string>& server) {
  using nlohmann::json;
  const std::vector<std::string> arguments{server.begin() + 1, server.end()};
  const json echo{{"command", server.front()}, {"args", arguments}};
  std::ofstream{folder + "/hub.json"} << json{{"mcpServers", {{"echo", echo}}}};
  return {"node", mcp_hub, "--port", std::to_string(port), "--config", folder + "/hub.json"};
}

}  // namespace

std::span<const Peer> peers() {
  static const std::array all{
      Peer{{"supergateway --stateful", "/mcp", Era::legacy, "", supergateway_command},
           supergateway},
      Peer{{"mcp-proxy", "/mcp", Era::legacy, "", mcp_proxy_command}, mcp_proxy},
      Peer{{"mcp-hub", "/mcp", Era::event_stream, "echo__", mcp_hub_command}, mcp_hub},
  };
  return all;
}

std::vector<std::string> everything_server() {
  return {"node", packages + "@modelcontextprotocol/server-everything/dist/index.js", "stdio"};
}

bool enter_private_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  const bool is_up = ::ioctl(socket, SIOCSIFFLAGS, &loopback) == 0;
  ::close(socket);
  return is_up;
}

}  // namespace mcpctl::bench
