#include "spawn/environment.h"

#include <algorithm>
#include <array>
#include <map>

namespace mcpctl::spawn {
namespace {

// Both sorted: of the many variables of an environment few are in either.
constexpr std::array<std::string_view, 17> allowed{
    "ALL_PROXY", "HOME",      "HTTPS_PROXY", "HTTP_PROXY",  "LANG",    "LOGNAME",
    "NO_PROXY",  "PATH",      "SHELL",       "TERM",        "TMPDIR",  "TZ",
    "USER",      "all_proxy", "http_proxy",  "https_proxy", "no_proxy"};
static_assert(std::ranges::is_sorted(allowed));

/// They speak of the supervisor's own unit; a server that believed them would
/// report itself as the supervisor, or fight for its sockets (sd_notify(3),
/// sd_listen_fds(3), systemd.exec(5)).
constexpr std::array<std::string_view, 12> about_us{
    "FDSTORE",       "INVOCATION_ID",    "JOURNAL_STREAM", "LISTEN_FDNAMES",
    "LISTEN_FDS",    "LISTEN_PID",       "MAINPID",        "MANAGERPID",
    "NOTIFY_SOCKET", "SYSTEMD_EXEC_PID", "WATCHDOG_PID",   "WATCHDOG_USEC"};

static_assert(std::ranges::is_sorted(about_us));

bool is_about_us(std::string_view name) {
  return name == cookie_variable || std::ranges::binary_search(about_us, name);
}

bool is_inherited(std::string_view name, const config::InheritEnv* inherit) {
  if (is_about_us(name)) return false;
  if (is_inherited_by_default(name)) return true;
  if (inherit == nullptr) return false;
  return inherit->all || std::ranges::find(inherit->names, name) != inherit->names.end();
}

}  // namespace

bool is_inherited_by_default(std::string_view name) {
  return name.starts_with("LC_") || std::ranges::binary_search(allowed, name);
}

std::vector<std::string> build_environment(const EnvironmentSpec& spec, const char* const* own) {
  std::map<std::string, std::string, std::less<>> variables;
  for (; own != nullptr && *own != nullptr; ++own) {
    const std::string_view entry{*own};
    const auto equals = entry.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals + 1);
    if (value.starts_with("()") || !is_inherited(name, spec.inherit)) continue;
    variables.emplace(name, value);  // the first wins, as for getenv(3)
  }
  if (spec.identity != nullptr) {
    if (!spec.identity->home.empty()) variables["HOME"] = spec.identity->home;
    if (!spec.identity->name.empty()) {
      variables["USER"] = variables["LOGNAME"] = spec.identity->name;
    }
  }
  if (spec.port) variables["PORT"] = std::to_string(*spec.port);
  if (spec.configured != nullptr) {
    for (const auto& [name, value] : *spec.configured) variables[name] = value;
  }
  if (spec.cookie) variables[std::string(cookie_variable)] = to_string(*spec.cookie);
  for (const auto& entry : spec.extra) {
    const auto equals = entry.find('=');
    if (equals != std::string::npos) variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }

  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

std::string_view value_in(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string_view entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace mcpctl::spawn
