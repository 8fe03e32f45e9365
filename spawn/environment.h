// The environment of a child.  Nothing is inherited but a short list of harmless
// variables: what is not passed on cannot leak into a third party's server.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "spawn/cookie.h"

namespace mcpctl::spawn {

/// HOME LANG LC_* LOGNAME PATH SHELL TERM TMPDIR TZ USER, and the proxy variables
/// in both cases: what the MCP SDKs' own stdio clients pass on, and what a server
/// behind a proxy cannot do without.
bool is_inherited_by_default(std::string_view name);

struct EnvironmentSpec {
  const config::Variables* configured{nullptr};  ///< may be null; wins over what is inherited
  const config::InheritEnv* inherit{nullptr};    ///< may be null: the allow-list only
  const config::Identity* identity{nullptr};     ///< sets HOME, USER, LOGNAME if not configured
  std::optional<std::uint16_t> port;             ///< sets PORT if not configured
  std::optional<Cookie> cookie;                  ///< sets MCPCTL_ID, always
  std::vector<std::string> extra;                ///< "NAME=value" of ours, last word
};

/// "NAME=value" strings sorted by name, each name once.  `own` is our environment
/// (environ(7)), a null-terminated array.  Values that start with "()" are dropped
/// when inherited (shell functions), and so are systemd's variables about ourselves.
std::vector<std::string> build_environment(const EnvironmentSpec& spec, const char* const* own);

/// The value of `name` in an environment of that shape; empty if absent.
std::string_view value_in(const std::vector<std::string>& environment, std::string_view name);

}  // namespace mcpctl::spawn
