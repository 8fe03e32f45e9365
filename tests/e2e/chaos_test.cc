// Sixty-four clients of both eras, while the servers behind the door are killed, stopped,
// hung, restarted (also rolling) and reloaded at random.  Every request gets exactly one answer or
// one typed error within its deadline, nobody gets another's, sessions survive all of it, and in
// the end nothing is left of it: neither requests nor memory.
//
// The deeds follow from a seed; MCPCTL_CHAOS_SECONDS and MCPCTL_CHAOS_SEED say otherwise.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fleet.h"
#include "scale.h"
#include "web.h"

using namespace mcpctl::e2e;

namespace {

/// Queued, sent, lost with its server, queued and sent again: that long, and no longer.
constexpr Milliseconds deadline{12'000 * sanitizer_cost};
constexpr int client_count = 64;

constexpr std::array<const char*, 5> chaos_names{"plain", "modern", "own", "trusted", "web"};

/// Streamable HTTP on a port of its own: a fleet of one, behind a door like ours.
Json web_server(const std::string& folder) {
  const std::string config = folder + "/web.json";
  write_file(config, Json{{"mcpServers", {{"plain", misbehaving({})}}}}.dump());
  // Two of them run side by side while one replaces the other.
  const std::string run = "mkdir -p -m 700 web-${PORT} && exec " + mcpctl_binary + " run -c " +
                          config + " --listen 127.0.0.1:${PORT} >/dev/null 2>&1";
  return {{"command", "/bin/sh"},
          {"args", {"-c", run}},
          {"env", {{"XDG_RUNTIME_DIR", folder + "/web-${PORT}"}}},
          {"url", "http://127.0.0.1:${PORT}/mcp/plain"},
          {"cwd", folder},
          {"x-mcpctl", {{"port", 0}}}};
}

Json chaos_servers(const std::string& folder) {
  return {{"plain", misbehaving({})},
          {"modern", misbehaving({"modern"})},
          {"own", misbehaving({}, {{"share", "session"}, {"maxSessions", 8}})},
          {"trusted", misbehaving({}, {{"repeatCalls", true}})},
          {"web", web_server(folder)}};
}

Json chaos_settings() {
  Json ours = quick("200ms");
  ours["gateway"]["listen"] = "127.0.0.1:0";
  ours["defaults"]["queueTimeout"] = "3s";
  ours["defaults"]["requestTimeout"] = "2s";
  ours["defaults"]["liveness"] = {{"interval", "500ms"}, {"timeout", "1s"}, {"failures", 2}};
  ours["defaults"]["crashLoop"] = {{"failures", 50}, {"window", "10s"}, {"retry", "1s"}};
  return ours;
}

/// What all clients have to tell.
struct Told {
  std::atomic<unsigned> results{0}, errors{0}, left{0};
  std::mutex mutex;
  std::vector<std::string> wrongs;

  void complain(std::string what) {
    const std::scoped_lock lock{mutex};
    if (wrongs.size() < 20) wrongs.push_back(std::move(what));
  }
};

class Caller {
 public:
  Caller(int number, int port, std::uint64_t seed, Told& story)
      : number_(number), port_(port), random_(seed), story_(story), is_modern_(number % 2 == 1) {
    const std::size_t choice = static_cast<std::size_t>(number / 2) % (chaos_names.size() + 1);
    if (choice < chaos_names.size()) server_ = chaos_names[choice];
    path_ = server_.empty() ? "/mcp" : "/mcp/" + server_;
    if (!is_modern_) session_ = open_session(port_, path_);
  }

  void go_on_until(Clock::time_point end) {
    while (Clock::now() < end) {
      if (below(20) == 0) {
        ++story_.left;
        const Request request = make();
        ask_and_leave(port_, path_, request.body, request.fields);
      } else {
        judge(make());
      }
      std::this_thread::sleep_for(Milliseconds{below(20)});
    }
  }

  /// Whether a call is answered with its result.
  bool is_served() {
    const Request request = make_call("echo");
    const Answer answer = ask(port_, "POST", path_, request.body, request.fields, deadline);
    return holds(answer.body, "\"result\"") && holds(answer.body, request.mark);
  }
  const std::string& path() const { return path_; }

 private:
  struct Request {
    std::string mark;  ///< its id, and what it asks to be told
    std::string tool;
    std::string body;
    std::string fields;
  };

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  Request make() {
    const std::size_t chance = below(10);
    if (chance < 6) return make_call("echo");
    if (chance < 9) return make_call("sleep");
    Request request = begin();
    finish(request, "tools/list", "", "");
    return request;
  }

  Request begin() {
    Request request;
    request.mark = 'c' + std::to_string(number_) + '-' + std::to_string(++count_) + 'z';
    return request;
  }

  Request make_call(const std::string& tool) {
    Request request = begin();
    request.tool = tool;
    const std::string name =
        server_.empty() ? chaos_names[below(chaos_names.size())] + ("__" + tool) : tool;
    const std::string arguments = tool == "echo" ? R"({"text":")" + request.mark + "\"}"
                                                 : R"({"ms":)" + std::to_string(below(60)) + '}';
    finish(request, "tools/call", name, R"("name":")" + name + R"(","arguments":)" + arguments);
    return request;
  }

  void finish(Request& request, const std::string& method, const std::string& name,
              std::string params) const {
    request.fields = session_;
    if (is_modern_) {
      if (!params.empty()) params += ',';
      params += R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                R"("io.modelcontextprotocol/clientCapabilities":{}})";
      request.fields = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " + method + "\r\n";
      if (!name.empty()) request.fields += "Mcp-Name: " + name + "\r\n";
    }
    request.body = R"({"jsonrpc":"2.0","id":")" + request.mark + R"(","method":")" + method +
                   R"(","params":{)" + params + "}}";
  }

  void judge(const Request& request) {
    const auto start = Clock::now();
    const Answer answer = ask(port_, "POST", path_, request.body, request.fields, deadline);
    const Milliseconds took = since(start);
    const auto wrong = [&](const std::string& what) {
      story_.complain(what + " after " + std::to_string(took.count()) + " ms: " + path_ + ' ' +
                      request.body + " -> " + std::to_string(answer.status) + ' ' +
                      answer.body.substr(0, 400));
    };
    if (answer.status == 0 || took > deadline) return wrong("no answer");
    if (answer.status != 200 && answer.status != 429) return wrong("not served");
    const std::size_t at = answer.body.find("\"id\":\"" + request.mark + '"');
    if (at == std::string::npos) return wrong("no answer of its own");
    if (answer.body.find("\"id\":\"", at + 1) != std::string::npos) return wrong("two answers");
    if (has_foreign_mark(answer.body, request.mark)) return wrong("somebody else's answer");
    if (holds(answer.body, "\"error\"")) {
      ++story_.errors;
      for (const char* code : {"-32000", "-32001", "-32003"}) {
        if (holds(answer.body, std::string{"\"code\":"} + code)) return;
      }
      return wrong("an error of no known type");
    }
    ++story_.results;
    if (request.tool == "echo" && !holds(answer.body, "\"text\":\"" + request.mark + '"')) {
      wrong("not what was asked for");
    }
  }

  /// Whether a mark that is not `own` stands in `text`.
  static bool has_foreign_mark(const std::string& text, const std::string& own) {
    constexpr std::string_view digits = "0123456789";
    for (std::size_t at = 0; (at = text.find("\"c", at)) != std::string::npos; ++at) {
      const std::size_t dash = text.find_first_not_of(digits, at + 2);
      if (dash == std::string::npos || dash == at + 2 || text[dash] != '-') continue;
      if (text.compare(at + 1, own.size(), own) != 0) return true;
    }
    return false;
  }

  int number_;
  int port_;
  std::mt19937_64 random_;
  Told& story_;
  bool is_modern_;
  std::string server_;  ///< empty: all as one
  std::string path_;
  std::string session_;  ///< header lines
  unsigned count_{0};
};

class Chaos {
 public:
  Chaos(Fleet& fleet, std::uint64_t seed) : fleet_(fleet), random_(seed) {}

  void go_on_until(Clock::time_point end) {
    while (Clock::now() < end) {
      do_something();
      std::this_thread::sleep_for(Milliseconds{20 + below(120)});
    }
  }

  /// Everything is up, as configured.
  void calm_down() {
    for (const Process& process : fleet_.processes()) ::kill(process.pid, SIGCONT);
    for (const char* name : chaos_names) post_to(name, "start");
    for (const char* name : chaos_names) fleet_.await(name, "ready");
  }

  unsigned deeds() const { return deeds_; }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  void post_to(const std::string& server, const std::string& word) {
    fleet_.request("POST", "/api/v1/servers/" + server + '/' + word);
  }

  void do_something() {
    ++deeds_;
    const std::string name = chaos_names[below(chaos_names.size())];
    switch (below(9)) {
      case 0:
      case 1: return signal(name, SIGKILL);
      case 2: return signal("own~" + std::to_string(1 + below(8)), SIGKILL);
      case 3: return signal(below(2) == 0 ? name : "own~" + std::to_string(1 + below(8)), SIGSTOP);
      case 4: return post_to(name, "restart");
      case 5: return post_to(name, "kill");
      case 7: return post_to(name, "restart?rolling=1");
      case 6: post_to(name, "stop"); return post_to(name, "start");
      default: return reload(name);
    }
  }

  void signal(const std::string& server, int number) {
    for (const Process& process : fleet_.processes_of(server)) ::kill(process.pid, number);
  }

  void reload(const std::string& server) {
    fleet_.servers()[server]["env"]["COLOUR"] = std::to_string(below(4));
    fleet_.write();
    fleet_.request("POST", "/api/v1/reload");
  }

  Fleet& fleet_;
  std::mt19937_64 random_;
  unsigned deeds_{0};
};

/// All of them at once, against a fleet that falls apart and comes back all the time.
void let_loose(std::vector<std::unique_ptr<Caller>>& callers, Chaos& chaos, Milliseconds span) {
  const auto end = Clock::now() + span;
  std::vector<std::thread> threads;
  for (const auto& caller : callers) {
    threads.emplace_back([&caller, end] { caller->go_on_until(end); });
  }
  chaos.go_on_until(end);
  for (std::thread& thread : threads) thread.join();
  chaos.calm_down();
}

}  // namespace

TEST_CASE("in chaos every request gets one answer or typed error, its own, and sessions survive") {
  const long seconds = number_from("MCPCTL_CHAOS_SECONDS", 18);
  const auto seed = static_cast<std::uint64_t>(number_from("MCPCTL_CHAOS_SEED", 20261125));
  std::printf("chaos: %ld s, seed %llu (MCPCTL_CHAOS_SECONDS, MCPCTL_CHAOS_SEED)\n", seconds,
              static_cast<unsigned long long>(seed));
  CAPTURE(seed);
  Fleet fleet{Json::object(), chaos_settings()};
  fleet.servers() = chaos_servers(fleet.folder());
  fleet.write();
  fleet.start();
  fleet.await_all("ready");
  const int port = port_of(fleet);
  const pid_t supervisor = fleet.supervisor();
  Told story;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < client_count; ++i) {
    callers.push_back(
        std::make_unique<Caller>(i, port, seed + static_cast<std::uint64_t>(i) + 1, story));
  }
  Chaos chaos{fleet, seed};

  let_loose(callers, chaos, 1s * seconds / 3);  // until every buffer and cache is full
  const std::uint64_t base = resident_bytes(supervisor);
  let_loose(callers, chaos, 1s * seconds * 2 / 3);

  std::string wrongs;
  for (const std::string& wrong : story.wrongs) wrongs += wrong + '\n';
  CHECK_MESSAGE(wrongs.empty(), wrongs);
  for (const auto& caller : callers) CHECK_MESSAGE(caller->is_served(), caller->path());
  for (const std::string name : chaos_names) {
    CAPTURE(name);
    CHECK(eventually([&] {
      const Json server = fleet.server(name);
      return server["in_flight"] == 0 && server["waiting"] == 0;
    }));
  }
  CHECK(fleet.supervisor() == supervisor);
  const std::uint64_t end = resident_bytes(supervisor);
  if (sanitizer_cost == 1) CHECK(end < base + (8u << 20));
  std::printf("chaos: %u deeds; %u results, %u errors, %u left early; memory %.1f -> %.1f MiB\n",
              chaos.deeds(), story.results.load(), story.errors.load(), story.left.load(),
              static_cast<double>(base) / (1u << 20), static_cast<double>(end) / (1u << 20));
  CHECK(story.results > story.errors);
  CHECK(fleet.stop().exit_code == 0);
}
