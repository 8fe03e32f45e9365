// Other gateways before the same servers, in one run with the floor and with us.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/clock.h"
#include "bench/door.h"
#include "bench/peers.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

constexpr unsigned load_ms = 3'000;
constexpr std::array<std::size_t, 3> crowds{1, 16, 64};

void print_load(const Door& door, const Gateway& gateway, std::size_t count) {
  Clients clients{door.endpoint(), gateway.era, gateway.tool_prefix + "echo"};
  if (!clients.add(count)) {
    std::printf("  %3zu connections: only %zu could come\n", count, clients.size());
    return;
  }
  clients.call_for(load_ms / 4);  // to warm up
  const Load load = clients.call_for(load_ms);
  std::printf("  %3zu connections: %8.0f calls/s, p50 %7.2f ms, p99 %7.2f ms", count,
              load.per_second, load.percentile(0.5), load.percentile(0.99));
  if (load.failures > 0) std::printf(", %zu failed", load.failures);
  std::printf("; %zu servers\n", door.servers().size());
  std::fflush(stdout);
}

void measure_gateway(const Gateway& gateway, const std::vector<std::string>& server,
                     std::span<const std::size_t> counts) {
  const Door door{gateway, server};
  if (door.first_answer_ms() < 0) {
    std::printf("%s: no answer\n", gateway.name.c_str());
    return;
  }
  rest(1'500);
  std::printf("%s: first answer %.1f ms, idle %.1f MiB\n", gateway.name.c_str(),
              door.first_answer_ms(), memory_of(door.own_processes()).rss_mib);
  for (const std::size_t count : counts) print_load(door, gateway, count);
}

bool is_installed(const std::string& program) { return ::access(program.c_str(), R_OK) == 0; }

}  // namespace

void measure_peers() {
  if (!enter_private_network()) {
    std::puts("peers: skipped, for no network of our own can be made (are we root?)");
    return;
  }
  std::puts("before the server of bench/echo.c:");
  for (const Subject subject : {Subject::floor, Subject::mcpctl}) {
    measure_gateway(gateway_of(subject), {echo_program}, crowds);
  }
  for (const Peer& peer : peers()) {
    if (!is_installed(peer.program)) {
      std::printf("%s: skipped, not installed\n", peer.gateway.name.c_str());
      continue;
    }
    measure_gateway(peer.gateway, {echo_program}, crowds);
  }
  const std::vector<std::string> everything = everything_server();
  if (!is_installed(everything.at(1))) {
    std::puts("server-everything: skipped, not installed");
    return;
  }
  std::puts("before server-everything on stdio:");
  constexpr std::array<std::size_t, 1> some{16};
  for (const Subject subject : {Subject::floor, Subject::mcpctl}) {
    measure_gateway(gateway_of(subject), everything, some);
  }
}

}  // namespace mcpctl::bench
