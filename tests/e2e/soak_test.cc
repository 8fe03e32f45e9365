// A busy fleet for as long as one likes: random kills, stops, floods, reloads and
// clients that misbehave.  Afterwards the fleet is whole, and the supervisor has the
// memory and the descriptors that it had after its first minutes.
//
// The deeds follow from a seed; ./dev soak [MINUTES] [SEED] runs longer, or once more.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "client.h"
#include "fleet.h"
#include "scale.h"

using namespace mcpctl::e2e;

namespace {

/// Every kind of server that misbehaves in its own way, small enough for many lives.
Json everybody() {
  const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                     {"url", "http://127.0.0.1:${PORT}/mcp"},
                     {"env", {{"PORT", "${PORT}"}}},
                     {"x-mcpctl", {{"port", 0}}}};
  const Json watchdog{{"readiness", "notify"},
                      {"liveness", {{"method", "notify"}, {"interval", "2s"}}}};
  const Json checked{{"liveness", {{"method", "exec"}, {"command", {"true"}}}}};
  return {{"plain", misbehaving({})},
          {"modern", misbehaving({"modern"})},
          {"http", weather},
          {"fed", companion({"notify", "watchdog", "--interval=200"}, watchdog)},
          {"checked", companion({}, checked)},
          {"family", misbehaving({"daemon", "session-child", "stubborn"})},
          {"chain", misbehaving({"chain", "--interval=20"})},
          {"flood", misbehaving({"flood-stderr", "--bytes=3000000", "--line=200"})},
          {"endless", misbehaving({"endless-line", "--bytes=1000000"})},
          {"garbage", misbehaving({"garbage-stdout", "list-changed", "--count=20"})},
          {"dependent", misbehaving({}, {{"dependsOn", {{"plain", "ready"}}}})}};
}

Json brisk() {
  Json ours = quick("200ms");
  ours["logs"] = {{"dir", "logs"}, {"maxSize", "256KiB"}, {"keep", 2}};
  ours["defaults"]["liveness"] = {{"interval", "500ms"}, {"timeout", "1s"}, {"failures", 2}};
  ours["defaults"]["crashLoop"] = {{"failures", 50}, {"window", "10s"}, {"retry", "1s"}};
  return ours;
}

bool is_connection(const std::string& descriptor) { return descriptor.starts_with("tcp:"); }
bool is_log(const std::string& descriptor) { return descriptor.ends_with(".log"); }

/// But for connections, which come and go with the probes of the HTTP server, and log
/// files, which are open from a server's first line on.
std::vector<std::string> lasting_descriptors_of(pid_t pid) {
  std::vector<std::string> all = descriptors_of(pid);
  std::erase_if(all, [](const std::string& each) { return is_connection(each) || is_log(each); });
  return all;
}

struct Measure {
  std::uint64_t memory{0};
  std::size_t descriptors{0};
  std::string what;  ///< they are
};

class Soak {
 public:
  explicit Soak(std::uint64_t seed) : random_(seed), fleet_(everybody(), brisk()) {
    // What run shows of the floods would fill the disk.
    fleet_.start({}, {"sh", "-c", "exec \"$@\" >/dev/null 2>errors", "sh"});
    fleet_.await_all("ready");
    supervisor_ = fleet_.supervisor();
  }

  void go_on_for(Milliseconds span) {
    for (const auto end = Clock::now() + span; Clock::now() < end;) {
      do_something();
      std::this_thread::sleep_for(Milliseconds{below(40)});  // the pace of a busy hour
    }
  }

  /// Lets everything settle, and proves that the fleet is whole.  Counts the least of
  /// descriptors within `at_most`, or the first that are `enough`.
  Measure calm_down(Milliseconds at_most, std::size_t enough = 0) {
    clients_.clear();
    fleet_.servers() = everybody();
    fleet_.write();
    REQUIRE(eventually(
        [&] { return post("/api/v1/reload").find("\"applied\":true") != std::string::npos; }));
    const Json all = everybody();
    for (const auto& [name, server] : all.items()) post(path_of(name) + "/start");
    for (const Process& process : fleet_.processes()) ::kill(process.pid, SIGCONT);
    fleet_.await_all("ready");
    CHECK(fleet_.supervisor() == supervisor_);
    // The last deeds left checks to end and clients to go.
    std::vector<std::string> least = lasting_descriptors_of(supervisor_);
    eventually(
        [&] {
          auto now = lasting_descriptors_of(supervisor_);
          if (now.size() < least.size()) least = std::move(now);
          return least.size() <= enough;
        },
        at_most);
    std::string what;
    for (const std::string& descriptor : least) what += descriptor + '\n';
    return {resident_bytes(supervisor_), least.size(), what};
  }

  double longest_turn() {
    const std::string page = fleet_.request("GET", "/metrics");
    const std::string name = "\nmcpctl_loop_turn_seconds_max ";
    const std::size_t at = page.find(name);
    REQUIRE(at != std::string::npos);
    return std::strtod(page.c_str() + at + name.size(), nullptr);
  }

  /// Of the descriptors that do not last.
  std::size_t connections() const { return count(is_connection); }
  std::size_t open_logs() const { return count(is_log); }

  Fleet& fleet() { return fleet_; }
  std::size_t deeds() const { return deeds_; }
  /// The last of them, oldest first.
  std::string history() const {
    std::string text;
    for (const std::string& deed : last_) text += deed + '\n';
    return text;
  }

 private:
  std::size_t count(bool (*is_meant)(const std::string&)) const {
    return static_cast<std::size_t>(std::ranges::count_if(descriptors_of(supervisor_), is_meant));
  }

  /// Below `bound`, the same with every library: no distribution of the standard's.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  const std::string& somebody() {
    static const std::vector<std::string> names = [] {
      std::vector<std::string> found;
      const Json all = everybody();
      for (const auto& [name, server] : all.items()) found.push_back(name);
      return found;
    }();
    return names[below(names.size())];
  }

  void note(std::string deed) {
    ++deeds_;
    last_.push_back(std::move(deed));
    if (last_.size() > 200) last_.pop_front();
  }

  static std::string path_of(const std::string& server) { return "/api/v1/servers/" + server; }
  std::string post(const std::string& path) { return fleet_.request("POST", path); }

  void do_something() {
    using Deed = void (Soak::*)();
    static constexpr std::array<Deed, 20> deeds{
        &Soak::kill_one, &Soak::kill_one, &Soak::kill_one, &Soak::freeze_one, &Soak::kill_many,
        &Soak::command,  &Soak::command,  &Soak::command,  &Soak::reload,     &Soak::break_reload,
        &Soak::hang_up,  &Soak::follow,   &Soak::half_ask, &Soak::half_ask,   &Soak::talk_garbage,
        &Soak::leave,    &Soak::leave,    &Soak::ask,      &Soak::ask,        &Soak::ask};
    (this->*deeds[below(deeds.size())])();
  }

  void kill_one() {
    const std::string& name = somebody();
    note("kill -9 a process of " + name);
    const std::vector<Process> processes = fleet_.processes_of(name);
    if (!processes.empty()) ::kill(processes[below(processes.size())].pid, SIGKILL);
  }
  void kill_many() {
    note("kill -9 everybody");
    for (const Process& process : fleet_.processes()) ::kill(process.pid, SIGKILL);
  }
  void freeze_one() {
    const std::string& name = somebody();
    note("SIGSTOP " + name);
    for (const Process& process : fleet_.processes_of(name)) ::kill(process.pid, SIGSTOP);
  }
  void command() {
    static constexpr std::array<const char*, 6> words{"start",   "start", "restart",
                                                      "restart", "stop",  "kill"};
    const std::string word = words[below(words.size())], &name = somebody();
    note(word + ' ' + name);
    post(path_of(name) + '/' + word);
  }
  void reload() {
    const std::string& name = somebody();
    note("reload with another " + name);
    fleet_.servers() = everybody();
    if (below(2) == 0) {
      fleet_.servers()["extra"] = misbehaving({"log-line"});
    } else {
      fleet_.servers()[name]["env"]["COLOUR"] = std::to_string(below(4));
    }
    fleet_.write();
    post("/api/v1/reload");
  }
  void break_reload() {
    note("reload of a broken file");
    static constexpr std::array<const char*, 4> texts{"", "{\"mcpServers\": {", "garbage",
                                                      "{\"mcpServers\": {\"a\": {}}}"};
    fleet_.write_text(texts[below(texts.size())]);
    post("/api/v1/reload");
    fleet_.write();
  }
  void hang_up() {
    note("SIGHUP and SIGUSR1");
    fleet_.program().signal(SIGHUP);
    fleet_.program().signal(SIGUSR1);
  }
  void keep(Client client) {
    clients_.push_back(std::move(client));
    if (clients_.size() > 50) clients_.pop_front();
  }
  void follow() {
    note("follow, and never read");
    Client client{fleet_.socket()};
    const char* path = below(2) == 0 ? "/api/v1/logs?follow=1" : "/api/v1/events";
    client.send(std::string{"GET "} + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    keep(std::move(client));
  }
  void half_ask() {
    note("half a request");
    Client client{fleet_.socket()};
    client.send("POST /api/v1/servers/plain/stop HTTP/1.1\r\nHost: x\r\nContent-Le");
    keep(std::move(client));
  }
  void talk_garbage() {
    note("garbage");
    Client client{fleet_.socket()};
    std::string bytes;
    for (std::size_t i = below(4000); i > 0; --i) bytes += static_cast<char>(below(256));
    client.send(bytes);
    keep(std::move(client));
  }
  void leave() {
    note("some clients leave");
    for (std::size_t i = below(10); i > 0 && !clients_.empty(); --i) {
      clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(below(clients_.size())));
    }
  }
  void ask() {
    static constexpr std::array<const char*, 5> paths{"/api/v1/servers", "/metrics", "/livez",
                                                      "/readyz", "/api/v1/logs?tail=100"};
    const char* path = paths[below(paths.size())];
    note(std::string{"GET "} + path);
    const auto start = Clock::now();
    const bool answered = !fleet_.request("GET", path).empty();
    CHECK_MESSAGE(answered, path);
    CHECK(since(start) < soon);
  }

  std::mt19937_64 random_;
  Fleet fleet_;
  pid_t supervisor_{0};
  std::deque<Client> clients_;
  std::deque<std::string> last_;
  std::size_t deeds_{0};
};

}  // namespace

TEST_CASE("a busy fleet ends as it began: whole, and without a byte or descriptor more") {
  const long seconds = number_from("MCPCTL_SOAK_SECONDS", sanitizer_cost == 1 ? 15 : 60);
  const auto seed = static_cast<std::uint64_t>(number_from("MCPCTL_SOAK_SEED", 20261124));
  std::printf("soak: %ld s, seed %llu (MCPCTL_SOAK_SECONDS, MCPCTL_SOAK_SEED)\n", seconds,
              static_cast<unsigned long long>(seed));
  Soak soak{seed};

  soak.go_on_for(1s * seconds / 3);  // until every buffer, ring and cache is full
  const Measure base = soak.calm_down(3s);
  soak.go_on_for(1s * seconds * 2 / 3);
  const Measure end = soak.calm_down(20s, base.descriptors);

  std::printf(
      "soak: %zu deeds; memory %.1f -> %.1f MiB, descriptors %zu -> %zu, longest turn %.1f ms\n",
      soak.deeds(), static_cast<double>(base.memory) / (1u << 20),
      static_cast<double>(end.memory) / (1u << 20), base.descriptors, end.descriptors,
      soak.longest_turn() * 1000);
  const std::string history = soak.history();
  CAPTURE(seed);
  CAPTURE(history);
  if (sanitizer_cost == 1) CHECK(end.memory < base.memory + (8u << 20));
  CAPTURE(base.what);
  CAPTURE(end.what);
  CHECK(end.descriptors <= base.descriptors);
  CHECK(soak.connections() <= 4);  // one or two to the HTTP server, and what listens
  CHECK(soak.open_logs() <= everybody().size());
  // Whoever soaks by hand has the machine to himself; with other tests beside it a turn
  // may also wait for a processor.
  const bool is_alone = std::getenv("MCPCTL_SOAK_SECONDS") != nullptr;
  CHECK(soak.longest_turn() < (is_alone ? 0.1 : 2.5) * sanitizer_cost);
  CHECK(soak.fleet().stop().exit_code == 0);
}
