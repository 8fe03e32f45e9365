#include "config/checks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "config/duration.h"
#include "config/names.h"
#include "config/suggest.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

/// libstdc++ compiles a pattern recursively; this keeps its stack small.
constexpr std::size_t longest_pattern = 500;
constexpr std::size_t most_suggestions = 300;

Place place_of(const Draft& draft, std::string_view path) {
  for (std::string_view at = path; !at.empty();) {
    if (const auto found = draft.places.find(at); found != draft.places.end()) return found->second;
    const std::size_t dot = at.rfind('.');
    at = dot == std::string_view::npos ? std::string_view{} : at.substr(0, dot);
  }
  return draft.places.at("name");
}

/// A server that says nothing about `path` has it from the defaults.
bool is_own(const Draft& draft, const Draft& defaults, std::string_view path) {
  const auto here = draft.places.find(path);
  if (here == draft.places.end()) return false;
  const auto there = defaults.places.find(path);
  return there == defaults.places.end() || there->second.source != here->second.source ||
         there->second.span != here->second.span;
}

class ServerCheck {
 public:
  ServerCheck(Draft& draft, const Draft& defaults, Report& report)
      : draft_(draft), defaults_(defaults), report_(report) {}

  void run() {
    readiness();
    liveness();
    times();
    crash_loop();
  }

 private:
  void error(std::string_view path, const std::string& message, std::string suggestion = {}) {
    report_.error(place_of(draft_, path), std::string{path} + ": " + message,
                  std::move(suggestion));
  }

  /// A method that this kind of server cannot have: its own mistake, or a default
  /// that simply does not concern it.  True when it was said here.
  bool unfit(std::string_view path, std::string_view method, std::string_view why) {
    if (!is_own(draft_, defaults_, path)) return false;
    error(path, "\"" + std::string{method} + "\" " + std::string{why});
    return true;
  }

  template <typename Probe>
  void port(const Probe& probe, std::string_view section) {
    const bool known = probe.port != 0 || draft_.port || draft_.transport == Transport::remote;
    if (known) return;
    error(std::string{section} + ".method", "this method needs a \"port\", and the server has none",
          "add \"port\" to \"" + std::string{section} + "\"");
  }

  template <typename Probe>
  void http_path(const Probe& probe, std::string_view section) {
    if (!probe.path.starts_with('/')) {
      error(std::string{section} + ".path", "a path begins with \"/\"");
    }
  }

  template <typename Probe>
  void command(const Probe& probe, std::string_view section) {
    const bool empty = probe.command.empty() || probe.command.front().empty();
    if (!empty) return;
    error(std::string{section} + ".method", "\"exec\" needs a \"command\"",
          "add \"command\": [\"program\", \"argument\"] to \"" + std::string{section} + "\"");
  }

  void readiness() {
    using Method = Readiness::Method;
    Readiness& probe = draft_.readiness;
    const bool watches_process = probe.method == Method::log_line ||
                                 probe.method == Method::notify || probe.method == Method::alive;
    if (watches_process && draft_.transport == Transport::remote) {
      unfit("readiness.method", spell(readiness_names, probe.method),
            "watches a process, and a remote server has none");
      probe.method = Method::automatic;
    }
    switch (probe.method) {
      case Method::tcp: return port(probe, "readiness");
      case Method::http_get: port(probe, "readiness"); return http_path(probe, "readiness");
      case Method::exec: return command(probe, "readiness");
      case Method::log_line: return pattern();
      case Method::automatic:
      case Method::notify:
      case Method::alive: return;
    }
  }

  void pattern() {
    const std::string& pattern = draft_.readiness.pattern;
    if (pattern.empty()) {
      return error("readiness.method", "\"log-line\" needs a \"pattern\"",
                   "add \"pattern\": \"listening on\" to \"readiness\"");
    }
    if (pattern.size() > longest_pattern) {
      return error("readiness.pattern",
                   "longer than " + std::to_string(longest_pattern) + " bytes");
    }
    try {
      std::regex{pattern, std::regex::ECMAScript | std::regex::nosubs};
    } catch (const std::regex_error& problem) {
      error("readiness.pattern", std::string{"not a regular expression: "} + problem.what());
    }
  }

  void liveness() {
    using Method = Liveness::Method;
    Liveness& probe = draft_.liveness;
    const bool speaks_mcp = probe.method == Method::ping || probe.method == Method::discover ||
                            probe.method == Method::tools_list;
    if (speaks_mcp && draft_.kind == Kind::process) {
      unfit("liveness.method", spell(liveness_names, probe.method),
            "is a question of MCP, which a \"kind\": \"process\" does not speak");
      probe.method = Method::automatic;
    }
    if (probe.method == Method::notify && draft_.transport == Transport::remote) {
      unfit("liveness.method", "notify", "watches a process, and a remote server has none");
      probe.method = Method::automatic;
    }
    switch (probe.method) {
      case Method::tcp: return port(probe, "liveness");
      case Method::http_get: port(probe, "liveness"); return http_path(probe, "liveness");
      case Method::exec: return command(probe, "liveness");
      case Method::automatic:
      case Method::ping:
      case Method::discover:
      case Method::tools_list:
      case Method::notify:
      case Method::none: return;
    }
  }

  void times() {
    Readiness& start = draft_.readiness;
    if (start.timeout_max < start.timeout) {
      if (is_own(draft_, defaults_, "readiness.timeoutMax")) {
        error("readiness.timeoutMax",
              "shorter than the \"timeout\" of " + format_duration(start.timeout));
      }
      start.timeout_max = start.timeout;
    }
    Backoff& backoff = draft_.backoff;
    if (backoff.max < backoff.initial) {
      const bool is_max = is_own(draft_, defaults_, "backoff.max");
      error(is_max ? "backoff.max" : "backoff.initial",
            is_max ? "shorter than \"initial\", which is " + format_duration(backoff.initial)
                   : "longer than \"max\", which is " + format_duration(backoff.max));
    }
  }

  /// Failures that come no faster than the backoff allows must fit into the window.
  void crash_loop() {
    if (draft_.restart == RestartPolicy::never || draft_.transport == Transport::remote) return;
    const CrashLoop& loop = draft_.crash_loop;
    Duration delay = draft_.backoff.initial;
    Duration total{0};
    if (delay == Duration{0}) return;
    for (unsigned failure = 1; failure < loop.failures && total <= loop.window; ++failure) {
      total += std::min(delay, draft_.backoff.max);
      delay = std::min(delay * 2, draft_.backoff.max);
    }
    if (total <= loop.window) return;
    const std::string_view path = draft_.places.contains("crashLoop") ? "crashLoop" : "backoff";
    report_.warning(place_of(draft_, path),
                    std::string{path} + ": " + std::to_string(loop.failures) +
                        " failures, with the delays between them, take longer than the window of " +
                        format_duration(loop.window) + ", so this never ends the restarts",
                    "allow fewer \"failures\", or a longer \"window\"");
  }

  Draft& draft_;
  const Draft& defaults_;
  Report& report_;
};

class FleetCheck {
 public:
  FleetCheck(const std::vector<Draft>& drafts, const std::set<std::string>& disabled,
             Report& report)
      : drafts_(drafts), disabled_(disabled), report_(report) {
    for (std::size_t i = 0; i < drafts.size(); ++i) index_.emplace(drafts[i].name, i);
  }

  void dependencies() {
    std::vector<std::string_view> names;
    for (const Draft& draft : drafts_) names.push_back(draft.name);
    for (const Draft& draft : drafts_) {
      for (const Dependency& each : draft.depends_on) dependency(draft, each, names);
    }
  }

  /// Depth first without recursion: a chain may be as long as the file allows.
  void cycles() {
    enum class Mark { fresh, open, done };
    std::vector<Mark> marks(drafts_.size(), Mark::fresh);
    struct Step {
      std::size_t server;
      std::size_t next_dependency;
    };
    for (std::size_t root = 0; root < drafts_.size(); ++root) {
      if (marks[root] != Mark::fresh) continue;
      std::vector<Step> path{{root, 0}};
      marks[root] = Mark::open;
      while (!path.empty()) {
        Step& step = path.back();
        const Draft& draft = drafts_[step.server];
        if (step.next_dependency == draft.depends_on.size()) {
          marks[step.server] = Mark::done;
          path.pop_back();
          continue;
        }
        const std::string& name = draft.depends_on[step.next_dependency++].server;
        const auto found = index_.find(name);
        if (found == index_.end()) continue;
        if (marks[found->second] == Mark::open) {
          const auto first = std::find_if(path.begin(), path.end(), [&](const Step& each) {
            return each.server == found->second;
          });
          std::string shown;
          for (auto each = first; each != path.end(); ++each) {
            shown += drafts_[each->server].name + " -> ";
          }
          report_.error(dependency_place(draft, name),
                        "dependsOn: the servers wait for each other: " + shown + name);
        } else if (marks[found->second] == Mark::fresh) {
          marks[found->second] = Mark::open;
          path.push_back({found->second, 0});
        }
      }
    }
  }

  void ports(const std::string& gateway_listen) {
    std::map<std::uint16_t, std::string> owners;
    const std::size_t colon = gateway_listen.rfind(':');
    if (colon != std::string::npos) {
      const unsigned long port = std::strtoul(gateway_listen.c_str() + colon + 1, nullptr, 10);
      if (port != 0) owners.emplace(static_cast<std::uint16_t>(port), "the gateway");
    }
    for (const Draft& draft : drafts_) {
      if (draft.transport == Transport::remote || draft.port.value_or(0) == 0) continue;
      const auto [owner, is_free] = owners.emplace(*draft.port, in_quotes(draft.name));
      if (is_free) continue;
      const std::string_view path = draft.places.contains("port") ? "port" : "url";
      report_.error(place_of(draft, path),
                    std::string{path} + ": port " + std::to_string(*draft.port) +
                        " is already the port of " + owner->second,
                    "use ${PORT} in the url and \"port\": 0 for a free one");
    }
  }

 private:
  static Place dependency_place(const Draft& draft, const std::string& name) {
    const std::string shown = in_quotes(name);
    return place_of(draft, "dependsOn." + shown.substr(1, shown.size() - 2));
  }

  void dependency(const Draft& draft, const Dependency& each,
                  const std::vector<std::string_view>& names) {
    const Place place = dependency_place(draft, each.server);
    const auto complain = [&](const std::string& why, std::string suggestion = {}) {
      report_.error(place, "dependsOn: " + why, std::move(suggestion));
    };
    const auto found = index_.find(each.server);
    if (found == index_.end()) {
      if (disabled_.contains(each.server)) {
        return complain(in_quotes(each.server) + " is disabled");
      }
      // Each suggestion compares all names, and nobody reads thousands of them.
      const auto meant =
          ++suggestions_ > most_suggestions ? std::nullopt : closest(each.server, names);
      return complain("no server is named " + in_quotes(each.server),
                      meant ? "did you mean " + in_quotes(*meant) + "?" : "");
    }
    if (each.need != Need::completed) return;
    const Draft& other = drafts_[found->second];
    if (other.transport == Transport::remote) {
      complain("a remote server such as " + in_quotes(each.server) + " never completes");
    } else if (other.restart == RestartPolicy::always ||
               other.restart == RestartPolicy::unless_stopped) {
      complain(in_quotes(each.server) + " never completes: its \"restart\" is \"" +
                   std::string{spell(restart_names, other.restart)} + "\"",
               "give it \"restart\": \"on-failure\" or \"never\"");
    }
  }

  const std::vector<Draft>& drafts_;
  const std::set<std::string>& disabled_;
  Report& report_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::size_t suggestions_{0};
};

}  // namespace

void check_server(Draft& draft, const Draft& defaults, Report& report) {
  ServerCheck{draft, defaults, report}.run();
}

void check_fleet(const std::vector<Draft>& drafts, const std::set<std::string>& disabled,
                 const std::string& gateway_listen, Report& report) {
  FleetCheck check{drafts, disabled, report};
  check.dependencies();
  check.cycles();
  check.ports(gateway_listen);
}

}  // namespace mcpctl::config
