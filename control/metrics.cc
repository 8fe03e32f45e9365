#include "control/metrics.h"

#include <optional>

#include "control/metric_page.h"
#include "control/version.h"
#include "supervisor/state.h"

namespace mcpctl::control {
namespace {

using runtime::ServerStatus;

/// One family with at most one sample per server.
struct ServerFamily {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::optional<double> (*value)(const ServerStatus&);
};

std::optional<double> of_process(const ServerStatus& server, double value) {
  if (!server.pid) return std::nullopt;
  return value;
}

double seconds(std::uint64_t ms) { return static_cast<double>(ms) / 1000; }

const ServerFamily families[] = {
    {"mcpctl_server_up", "gauge", "Whether a process of the server is alive.",
     [](const ServerStatus& s) -> std::optional<double> { return s.pid ? 1 : 0; }},
    {"mcpctl_server_ready", "gauge", "Whether the server has proven to be ready.",
     [](const ServerStatus& s) -> std::optional<double> {
       return s.state == supervisor::State::ready ? 1 : 0;
     }},
    {"mcpctl_server_wanted", "gauge", "Whether the server is meant to run.",
     [](const ServerStatus& s) -> std::optional<double> {
       return s.goal == supervisor::Goal::up ? 1 : 0;
     }},
    {"mcpctl_server_restarts_total", "counter", "Restarts that nobody asked for.",
     [](const ServerStatus& s) -> std::optional<double> { return s.restarts; }},
    {"mcpctl_server_starts_total", "counter", "Processes spawned for the server.",
     [](const ServerStatus& s) -> std::optional<double> { return s.incarnation; }},
    {"mcpctl_server_uptime_seconds", "gauge", "Age of the server's process.",
     [](const ServerStatus& s) -> std::optional<double> {
       if (!s.uptime) return std::nullopt;
       return static_cast<double>(s.uptime->count()) / 1000;
     }},
    {"mcpctl_server_memory_bytes", "gauge", "Resident memory of the server's process tree.",
     [](const ServerStatus& s) { return of_process(s, static_cast<double>(s.memory_bytes)); }},
    {"mcpctl_server_cpu_seconds_total", "counter", "CPU time of the processes alive in the tree.",
     [](const ServerStatus& s) { return of_process(s, seconds(s.cpu_ms)); }},
    {"mcpctl_server_processes", "gauge", "Processes alive in the server's tree.",
     [](const ServerStatus& s) { return of_process(s, s.processes); }},
    {"mcpctl_server_tools", "gauge", "Tools that the server lists.",
     [](const ServerStatus& s) -> std::optional<double> {
       if (s.protocol_version.empty()) return std::nullopt;
       return static_cast<double>(s.tools.size());
     }},
    {"mcpctl_server_last_exit_code", "gauge", "Exit code of the last process; none for a signal.",
     [](const ServerStatus& s) -> std::optional<double> {
       if (!s.last_exit || s.last_exit->signal != 0) return std::nullopt;
       return s.last_exit->code;
     }},
    {"mcpctl_server_last_exit_signal", "gauge", "Signal that ended the last process, 0 for none.",
     [](const ServerStatus& s) -> std::optional<double> {
       if (!s.last_exit) return std::nullopt;
       return s.last_exit->signal;
     }},
    {"mcpctl_server_log_lines_total", "counter", "Lines that the server wrote.",
     [](const ServerStatus& s) -> std::optional<double> {
       return static_cast<double>(s.log_lines);
     }},
    {"mcpctl_server_log_bytes_total", "counter", "Bytes that the server wrote.",
     [](const ServerStatus& s) -> std::optional<double> {
       return static_cast<double>(s.log_bytes);
     }},
    {"mcpctl_server_log_dropped_lines_total", "counter", "Lines that did not reach their file.",
     [](const ServerStatus& s) -> std::optional<double> {
       return static_cast<double>(s.log_dropped);
     }},
    {"mcpctl_server_protocol_garbage_lines_total", "counter", "Lines on stdout that are no MCP.",
     [](const ServerStatus& s) -> std::optional<double> {
       if (s.kind != config::Kind::mcp) return std::nullopt;
       return static_cast<double>(s.garbage_lines);
     }},
};

void about_the_fleet(MetricPage& page, const runtime::FleetStatus& status, const OwnUsage& own) {
  page.family("mcpctl_build_info", "gauge", "The running mcpctl; always 1.");
  page.sample(label("version", version()) + "," + label("compiler", compiler()), 1);
  page.family("mcpctl_fleet_info", "gauge", "The fleet's name; always 1.");
  page.sample(label("fleet", status.fleet), 1);
  page.family("mcpctl_fleet_ready", "gauge", "Whether every required server is ready.");
  page.sample("", runtime::is_ready(status) ? 1 : 0);
  page.family("mcpctl_fleet_stopping", "gauge", "Whether the fleet is being stopped.");
  page.sample("", status.stopping ? 1 : 0);
  page.family("mcpctl_config_stale", "gauge", "Whether the last reload failed.");
  page.sample("", status.config_stale ? 1 : 0);
  page.family("process_resident_memory_bytes", "gauge", "Resident memory of the supervisor.");
  page.sample("", static_cast<double>(own.resident_bytes));
  page.family("process_cpu_seconds_total", "counter", "CPU time of the supervisor.");
  page.sample("", own.cpu_seconds);
  page.family("process_open_fds", "gauge", "Open descriptors of the supervisor.");
  page.sample("", own.descriptors);
  page.family("process_start_time_seconds", "gauge", "When the supervisor started (unix time).");
  page.sample("", own.started_unix_seconds);
}

void about_states(MetricPage& page, const runtime::FleetStatus& status) {
  page.family("mcpctl_server_state", "gauge", "1 for the state the server is in, else 0.");
  for (const ServerStatus& server : status.servers) {
    for (const supervisor::State state : supervisor::all_states) {
      page.sample(label("server", server.name) + "," + label("state", supervisor::name(state)),
                  server.state == state ? 1 : 0);
    }
  }
  page.family("mcpctl_server_info", "gauge", "What the server says of itself; always 1.");
  for (const ServerStatus& server : status.servers) {
    if (server.protocol_version.empty()) continue;
    page.sample(label("server", server.name) + "," + label("era", server.era) + "," +
                    label("protocol_version", server.protocol_version) + "," +
                    label("name", server.server_name) + "," +
                    label("version", server.server_version),
                1);
  }
}

}  // namespace

std::string metrics(const runtime::FleetStatus& status, const OwnUsage& own) {
  MetricPage page;
  about_the_fleet(page, status, own);
  about_states(page, status);
  for (const ServerFamily& family : families) {
    page.family(family.name, family.type, family.help);
    for (const ServerStatus& server : status.servers) {
      if (const auto value = family.value(server)) {
        page.sample(label("server", server.name), *value);
      }
    }
  }
  return page.take();
}

}  // namespace mcpctl::control
