// The clients' door under load: what a call through it costs beside the least that could
// carry it, and what clients cost who only stay.
#include <signal.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "bench/clients.h"
#include "bench/clock.h"
#include "bench/door.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/stdio_server.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

/// Many short ones, the doors in turn: a virtual machine is now fast and now slow.
constexpr int rounds = 9;
constexpr int starts = 25;
constexpr unsigned warming_ms = 200;
constexpr unsigned loaded_ms = 700;

/// Of every round one; the median is shown.
struct Series {
  std::vector<double> floor;
  std::vector<double> mcpctl;

  std::vector<double>& of(Subject subject) { return subject == Subject::floor ? floor : mcpctl; }
};

struct Loaded {
  Series p50, p99, rate;
};

/// In turn.
constexpr std::array subjects{Subject::floor, Subject::mcpctl};

void load(const Door& door, Subject subject, Era era, const std::string& tool, std::size_t count,
          Loaded& seen) {
  Clients clients{door.endpoint(), era, tool};
  if (!clients.add(count)) {
    std::fprintf(stderr, "only %zu of %zu clients could come\n", clients.size(), count);
    return;
  }
  clients.call_for(warming_ms);
  const Load load = clients.call_for(loaded_ms);
  if (load.failures > 0) std::fprintf(stderr, "%zu calls failed\n", load.failures);
  seen.p50.of(subject).push_back(load.percentile(0.5));
  seen.p99.of(subject).push_back(load.percentile(0.99));
  seen.rate.of(subject).push_back(load.per_second);
}

void print_time(const std::string& what, const Series& seen, const std::string& wanted) {
  print({what, "ms", median(seen.floor), median(seen.mcpctl), wanted});
}

void print_rate(const std::string& what, const Series& seen, const std::string& wanted) {
  print({what, "1/s", median(seen.floor), median(seen.mcpctl), wanted});
}

/// From the launch of the server to its first answer, without a door.
double server_alone_ms() {
  const std::uint64_t launched = now_ns();
  StdioServer server{echo_program};
  const bool answered = server.ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n");
  return answered ? ms(now_ns() - launched) : -1;
}

/// What a call takes without a door, median of a second.
double directly_ms() {
  constexpr std::string_view call =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",)"
      R"("arguments":{"message":"hello"}}})"
      "\n";
  StdioServer server{echo_program};
  std::vector<double> times;
  for (std::uint64_t now = now_ns(), end = now + 1'000'000'000; now < end;) {
    if (!server.ask(call)) return -1;
    const std::uint64_t answered = now_ns();
    times.push_back(ms(answered - now));
    now = answered;
  }
  return median(times);
}

/// From the SIGKILL of the server to the first result for a client that calls again
/// whenever it is refused.
double back_ms(const Door& door, Clients& client) {
  const std::uint64_t killed = now_ns();
  ::kill(door.servers().at(0), SIGKILL);
  while (!client.call_once()) {
    if (ms(now_ns() - killed) > 10'000) return -1;
  }
  return ms(now_ns() - killed);
}

void measure_return() {
  std::vector<double> alone;
  std::vector<double> back;
  const Door door{Subject::mcpctl};
  Clients client{door.endpoint(), Era::legacy, "echo"};
  if (!client.add(1)) return;
  for (int i = 0; i < 5; ++i) {
    alone.push_back(server_alone_ms());
    back.push_back(back_ms(door, client));
    rest(500);
  }
  print({"server killed, first result (floor: server alone)", "ms", median(alone), median(back),
         "<= 20 ms more"});
}

double resident(const Door& door) { return memory_of(door.own_processes()).rss_mib; }

void print_memory(const std::string& what, const Series& seen, const std::string& wanted) {
  print({what, "MiB", largest(seen.floor), largest(seen.mcpctl), wanted});
}

/// Each alone and one after the other; a machine that has just carried a load is another one.
void measure_first_answer() {
  Series first;
  for (int start = 0; start < starts; ++start) {
    for (const Subject subject : subjects) {
      first.of(subject).push_back(Door{subject}.first_answer_ms());
    }
  }
  print_time("first answer after the launch", first, "<= 2 x");
}

}  // namespace

void measure_door() {
  measure_first_answer();
  Series idle, after;
  std::vector<double> directly;
  Loaded one, some, many, modern, large;
  for (int round = 0; round < rounds; ++round) {
    directly.push_back(directly_ms());
    const Door floor{Subject::floor};
    const Door mcpctl{Subject::mcpctl};
    const auto each = [&](const auto& measure) {
      for (const Subject subject : subjects) {
        measure(subject, subject == Subject::floor ? floor : mcpctl);
      }
    };
    const auto load_each = [&](Era era, const std::string& tool, std::size_t count, Loaded& seen) {
      each([&](Subject subject, const Door& door) { load(door, subject, era, tool, count, seen); });
    };
    rest(1'500);
    each([&](Subject subject, const Door& door) { idle.of(subject).push_back(resident(door)); });
    load_each(Era::legacy, "echo", 1, one);
    load_each(Era::legacy, "echo", 16, some);
    load_each(Era::legacy, "echo", 64, many);
    each([&](Subject subject, const Door& door) { after.of(subject).push_back(resident(door)); });
    load_each(Era::modern, "echo", 16, modern);
    load_each(Era::legacy, "large", 1, large);
  }
  print_time("tools/call, 1 connection, p50", one.p50, "<= 1.5 x");
  print({"the same (floor: over stdio, without a door)", "ms", median(directly),
         median(one.p50.mcpctl), ""});
  print_rate("tools/call, 16 connections", some.rate, ">= 0.7 x");
  print_time("tools/call, 16 connections, p99", some.p99, "<= 3 x");
  print_rate("tools/call, 64 connections", many.rate, ">= 0.7 x");
  print_time("tools/call, 64 connections, p99", many.p99, "");
  print_rate("modern tools/call, 16 connections", modern.rate, "");
  print_time("modern tools/call, 16 connections, p99", modern.p99, "");
  print_time("1 MiB result, 1 connection, p50", large.p50, "<= 2 x");
  print_memory("memory of the door, idle", idle, "<= 8 MiB");
  print_memory("memory of the door, right after load", after, "<= 16 MiB");
  measure_return();
}

void measure_clients() {
  Series sessions, streams, processes;
  for (const Subject subject : subjects) {
    const Door door{subject};
    Clients clients{door.endpoint(), Era::legacy, "echo"};
    const bool all_came = clients.add(1'000);
    clients.call_for(100);
    sessions.of(subject).push_back(resident(door));
    processes.of(subject).push_back(static_cast<double>(door.servers().size()));
    if (!all_came || !clients.add(4'000) || !clients.listen()) {
      std::fprintf(stderr, "only %zu of 5000 clients could come\n", clients.size());
    }
    rest(1'500);
    streams.of(subject).push_back(resident(door));
  }
  print_memory("memory with 1000 sessions", sessions, "<= 24 MiB");
  print({"servers with 1000 sessions", "processes", processes.floor.at(0), processes.mcpctl.at(0),
         "1"});
  print_memory("memory with 5000 idle streams", streams, "<= 32 MiB");
}

}  // namespace mcpctl::bench
