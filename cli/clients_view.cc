#include "cli/clients_view.h"

#include <cstdio>
#include <string_view>

#include "cli/quantities.h"
#include "cli/table.h"

namespace mcpctl::cli {
namespace {

std::string milliseconds(double number) {
  const int decimals = static_cast<int>(number < 100) + static_cast<int>(number < 1);
  char text[32];
  std::snprintf(text, sizeof text, "%.*f ms", decimals, number);
  return text;
}

/// What stands between brackets: no empty ones.
void add_fact(std::string& facts, const std::string& fact) {
  if (!fact.empty()) facts += (facts.empty() ? "" : ", ") + safe_line(fact);
}

std::string or_dash(const std::string& foreign) {
  return foreign.empty() ? "-" : safe_line(foreign);
}

std::string client_of(const SessionView& session) {
  if (session.client_version.empty()) return or_dash(session.client_name);
  return or_dash(session.client_name) + " " + safe_line(session.client_version);
}

/// Of clients of the modern era, which no table shows.
std::string without_session(const ClientsView& clients) {
  std::string text;
  if (clients.requests > 0) {
    text = counted(static_cast<std::ptrdiff_t>(clients.requests), "request");
  }
  if (clients.subscriptions > 0) {
    if (!text.empty()) text += " and ";
    text += counted(static_cast<std::ptrdiff_t>(clients.subscriptions), "subscription");
  }
  return text.empty() ? text : text + " of clients without a session (2026-07-28) under way\n";
}

}  // namespace

std::string render_pong(const PongView& pong, std::size_t width) {
  std::string facts;
  add_fact(facts, pong.protocol_version);
  add_fact(facts, pong.transport);
  if (pong.asked != "ping") add_fact(facts, "by " + pong.asked);
  std::string line = padded(pong.server, width) + "  pong in " + milliseconds(pong.round_trip_ms);
  if (!facts.empty()) line += " (" + facts + ")";
  return line + "\n";
}

std::string render_clients(const ClientsView& clients, const Terminal& terminal) {
  const std::string others = without_session(clients);
  if (clients.sessions.empty()) {
    return "no client has a session at " + clients.gateway + "\n" + others;
  }
  Table table{{{"SESSION"},
               {"PATH"},
               {"CLIENT"},
               {"PROTOCOL", false, 4},
               {"TOKEN", false, 2},
               {"FROM", false, 3},
               {"AGE", true, 1},
               {"IDLE", true},
               {"REQUESTS", true},
               {"STREAMS", true, 5}}};
  for (const SessionView& session : clients.sessions) {
    table.add({{or_dash(session.id)},
               {or_dash(session.path)},
               {client_of(session)},
               {or_dash(session.protocol_version)},
               {or_dash(session.token)},
               {or_dash(session.remote)},
               {short_age(session.age)},
               {short_age(session.idle)},
               {std::to_string(session.in_flight)},
               {std::to_string(session.streams)}});
  }
  return table.render(terminal) + others;
}

}  // namespace mcpctl::cli
