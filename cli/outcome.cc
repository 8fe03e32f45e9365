#include "cli/outcome.h"

#include <algorithm>

#include "cli/terminal.h"

namespace mcpctl::cli {
namespace {

constexpr std::size_t last_words = 5;

bool is_up(const ServerView& server) {
  return server.state == "ready" || server.state == "completed";
}

/// A leader's end is not its tree's.
bool is_gone(const ServerView& server) { return !server.pid && server.state != "stopping"; }

Verdict judge_start(const ServerView& server, bool patient) {
  if (is_up(server) || server.state == "idle") return Verdict::arrived;
  if (server.state == "failed") return Verdict::lost;
  if (server.state == "backoff" && !patient) return Verdict::lost;
  return Verdict::pending;
}

std::vector<ServerView> travellers(const FleetView& fleet, const Journey& journey) {
  std::vector<ServerView> chosen;
  for (const ServerView& server : fleet.servers) {
    const bool is_named = std::ranges::find(journey.servers, server.name) != journey.servers.end();
    // Who is meant to be down (by `stop`, or left out by --only) is not waited for to
    // be ready.
    const bool is_expected =
        journey.destination == Destination::replaced ||
        (server.required && (server.goal == "up" || journey.destination != Destination::ready));
    if (is_named || (journey.servers.empty() && is_expected)) chosen.push_back(server);
  }
  return chosen;
}

Arrival look(const FleetView& fleet, const Journey& journey) {
  Arrival arrival;
  for (ServerView& server : travellers(fleet, journey)) {
    const auto before = journey.before.find(server.name);
    const std::uint32_t incarnation = before == journey.before.end() ? 0 : before->second;
    Verdict verdict = judge(server, journey.destination, incarnation, journey.patient);
    const bool goes_up =
        journey.destination == Destination::ready || journey.destination == Destination::restarted;
    if (verdict == Verdict::pending && goes_up && fleet.waits_in_vain(server)) {
      verdict = Verdict::lost;
    }
    switch (verdict) {
      case Verdict::arrived: ++arrival.arrived; break;
      case Verdict::lost: arrival.lost.push_back(std::move(server)); break;
      case Verdict::pending: arrival.pending.push_back(std::move(server)); break;
    }
  }
  return arrival;
}

}  // namespace

Verdict judge(const ServerView& server, Destination destination, std::uint32_t before,
              bool patient) {
  const auto when = [](bool arrived) { return arrived ? Verdict::arrived : Verdict::pending; };
  switch (destination) {
    case Destination::ready: return judge_start(server, patient);
    case Destination::restarted:
      // What it shows of the old incarnation says nothing about the new one; only a
      // start that never came to a process may be final without one.
      if (server.incarnation <= before) {
        if (!server.successor_failure.empty()) return Verdict::lost;
        return server.state == "failed" && !server.pid ? Verdict::lost : Verdict::pending;
      }
      return judge_start(server, patient);
    case Destination::replaced:
      if (!server.successor_failure.empty()) return Verdict::lost;
      return when(server.successor_state.empty());
    case Destination::stopped:
      if (!server.survivors.empty()) return Verdict::lost;
      return when(is_gone(server) && server.goal == "down");
    case Destination::killed: return when(is_gone(server) || server.incarnation > before);
    case Destination::completed:
      if (server.state == "failed") return Verdict::lost;
      return when(server.state == "completed");
    case Destination::failed: return when(server.state == "failed");
  }
  return Verdict::pending;
}

Result<ApiCall> follow_events(const std::string& socket) {
  auto events = ApiCall::send(socket, "GET", "/api/v1/events");
  if (!events) return events;
  if (const auto begun = events->await_head(in(Duration{10'000})); !begun) {
    return std::unexpected{begun.error()};
  }
  return events;
}

Result<Arrival> await(const std::string& socket, ApiCall& events, const Journey& journey,
                      Deadline deadline) {
  for (;;) {
    const auto answer = call(socket, "GET", "/api/v1/servers?usage=0");
    if (!answer) return std::unexpected{answer.error()};
    const auto fleet = read_fleet(*answer);
    if (!fleet) return std::unexpected{fleet.error()};
    Arrival arrival = look(*fleet, journey);
    // One that is lost decides; the others need not be waited for.
    if (arrival.pending.empty() || !arrival.lost.empty()) return arrival;
    bool timed_out = false;
    const auto event = events.next_event(deadline, timed_out);
    if (!event) return std::unexpected{event.error()};
    if (timed_out) return arrival;
    if (!*event) return failure("the supervisor ended meanwhile");
  }
}

std::string explain(const Arrival& arrival, std::string_view verb) {
  std::string text;
  const auto add = [&](const ServerView& server, std::string_view prefix) {
    const bool stayed = prefix.empty() && server.pid && !server.successor_failure.empty();
    text += "mcpctl: " + std::string{verb} + " " + server.name + ": " + std::string{prefix} +
            server.state + ": " +
            (stayed ? "the old process stays, the new one did not become ready: " +
                          server.successor_failure
                    : reason_of(server)) +
            "\n";
    const auto& words = stayed ? server.successor_tail : server.stderr_tail;
    const std::size_t count = words.size();
    for (std::size_t i = count - std::min(count, last_words); i < count; ++i) {
      text += "  | " + safe_line(words[i]) + "\n";
    }
    for (const std::string& survivor : server.survivors) {
      text += "  ! still alive: " + survivor + "\n";
    }
  };
  for (const ServerView& server : arrival.lost) add(server, "");
  if (arrival.lost.empty()) {
    for (const ServerView& server : arrival.pending) {
      const bool is_replaced = !server.successor_state.empty();
      add(server, is_replaced ? "not in time, its new process is " + server.successor_state +
                                    " and the old one "
                              : "not in time, it is ");
    }
  }
  return text;
}

}  // namespace mcpctl::cli
