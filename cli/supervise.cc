#include "cli/supervise.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/exit_watch.h"
#include "cli/fleet_view.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "config/reader.h"
#include "control/json.h"
#include "gateway/door.h"
#include "loop/address.h"
#include "loop/fd.h"
#include "loop/signal.h"
#include "runtime/config_files.h"
#include "runtime/runtime_dir.h"

namespace mcpctl::cli {
namespace {

/// A thousand servers take several thousand descriptors; the usual soft limit of 1024
/// is for programs that use select(2), as servers may: they get the limit that was,
/// which is returned if it was raised.
std::optional<config::ResourceLimit> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  config::ResourceLimit before{RLIMIT_NOFILE, "nofile", limit.rlim_cur, limit.rlim_max};
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 65'536);
  if (limit.rlim_cur >= wanted) return std::nullopt;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return before;
}

/// A table of descriptors that others share, threads or children before their exec, grows
/// only after a grace period of RCU: some 10 ms in which nothing starts, six times on the
/// way to a thousand servers.  So it is made wide while nobody shares it.
void widen_descriptor_table() {
  constexpr int highest = 4095;
  const loop::Fd widens{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, highest)};
}

std::optional<loop::Address> address_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  const std::string host = text.substr(0, colon);
  return loop::Address::ip(host == "localhost" ? "127.0.0.1"
                           : host.empty()      ? "0.0.0.0"
                                               : host,
                           port);
}

void show_problems(const std::vector<config::Problem>& problems, const SuperviseOptions& options) {
  const Terminal terminal = Terminal::of(STDERR_FILENO, options.no_color);
  for (const config::Problem& problem : problems) {
    const std::string text = options.style == LogStyle::json
                                 ? control::to_json(problem) + "\n"
                                 : config::render(problem, terminal.color);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  }
}

/// The complaint about the first of `names` that no server has; empty: none.
std::string unknown_name(const config::Config& config, const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const config::Server& server : config.servers) known.push_back(server.name);
  for (const config::Unusable& unusable : config.unusable) known.push_back(unusable.server);
  return unknown_server(names, known);
}

/// Who waits for the exit of a server that is restarted for ever is told so.
void warn_of_endless_main(const config::Config& config, const std::string& main) {
  using config::RestartPolicy;
  for (const config::Server& server : config.servers) {
    const bool is_endless =
        server.restart == RestartPolicy::always || server.restart == RestartPolicy::unless_stopped;
    if (server.name != main || !is_endless) continue;
    complain("warning: \"" + main + "\" is restarted when it exits, which ends nothing; " +
                 "for --exit-on main set its \"restart\" to \"on-failure\" or \"never\"",
             exit_ok);
  }
}

/// Where the fleet is commanded, and remembered.  As a container's entry point we run
/// without such a place where there is none: an arbitrary user on a read-only root.
Result<void> find_meeting_place(const std::string& fleet, SessionOptions& session) {
  const bool is_entrypoint = ::getppid() == 1;  // our warden is PID 1
  const auto do_without = [&](const Error& error) -> Result<void> {
    if (!is_entrypoint) return std::unexpected{error};
    session.predecessor_died = false;  // the kernel ends what PID 1 leaves
    complain("warning: nobody can command this fleet: " + error.message +
                 "; mount a folder of this user there, or name one in XDG_RUNTIME_DIR",
             exit_ok);
    return {};
  };
  const auto directory = runtime::RuntimeDir::open();
  if (!directory) return do_without(directory.error());
  const auto socket = directory->socket_of(fleet);
  if (!socket) return std::unexpected{socket.error()};
  const runtime::Presence presence = directory->presence_of(fleet);
  if (presence == runtime::Presence::running) {
    return failure("fleet \"" + fleet + "\" is already running; see mcpctl ps --fleet " + fleet);
  }
  const auto state = directory->state_dir_of(fleet);
  if (!state) return do_without(state.error());
  session.socket = *socket;
  session.state_dir = *state;
  session.predecessor_died = presence == runtime::Presence::abandoned;
  return {};
}

}  // namespace

int supervise(const SuperviseOptions& options) {
  loop::ignore_sigpipe();
  const auto exit_rule = exit_rule_of(options.exit_on);
  if (!exit_rule) return complain(exit_rule.error().message, exit_usage);
  const auto descriptor_limit = raise_descriptor_limit();
  widen_descriptor_table();
  const auto files = runtime::ConfigFiles::locate(options.files);
  if (!files) return complain(files.error().message, exit_config);

  const auto load = [&files, &options] {
    config::Reading reading = files->load();
    const std::string& listen = options.gateway_listen;
    if (!listen.empty()) reading.config.gateway.listen = listen == "off" ? "" : listen;
    return reading;
  };
  config::Reading reading = load();
  show_problems(reading.problems, options);
  if (reading.has_errors()) {
    return complain("the configuration has errors; nothing was started", exit_config);
  }
  if (const std::string wrong = unknown_name(reading.config, options.only); !wrong.empty()) {
    return complain(wrong, exit_usage);
  }
  if (!exit_rule->main.empty()) {
    const std::string wrong = unknown_name(reading.config, {exit_rule->main});
    if (!wrong.empty()) return complain("--exit-on main: " + wrong, exit_usage);
    warn_of_endless_main(reading.config, exit_rule->main);
  }

  if (!reading.config.gateway.listen.empty()) {
    const auto address = gateway::door_address(reading.config.gateway);
    if (!address) return complain(address.error().message, exit_config);
  }

  SessionOptions session;
  session.load = load;
  session.exit_rule = *exit_rule;
  session.watch = options.watch;
  session.only = options.only;
  session.style = options.style;
  session.no_color = options.no_color;
  if (!options.probes_listen.empty()) {
    session.probes = address_of(options.probes_listen);
    if (!session.probes) {
      return complain("cannot listen on \"" + options.probes_listen +
                          "\": --health-listen takes an address like 127.0.0.1:9090",
                      exit_usage);
    }
  }

  const auto found = find_meeting_place(reading.config.name, session);
  if (!found) return complain(found.error().message, exit_failed);
  session.descriptor_limit = descriptor_limit;
  return run_session(std::move(reading.config), std::move(session));
}

}  // namespace mcpctl::cli
