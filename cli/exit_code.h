// What mcpctl's exit status means (documented in docs/cli.md; scripts depend on it).
#pragma once

namespace mcpctl::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;       ///< what was asked for did not come about
inline constexpr int exit_usage = 2;        ///< the command line makes no sense
inline constexpr int exit_config = 3;       ///< the configuration has errors
inline constexpr int exit_not_running = 4;  ///< no such fleet is running

}  // namespace mcpctl::cli
