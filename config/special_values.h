// Values of the key table that have a form of their own.
#pragma once
#include "config/keys.h"

namespace mcpctl::config {

/// {"redis": "ready"}, or ["redis"] for the same.
Value<Server> dependencies();
/// {"nofile": 4096, "as": {"soft": "1GiB", "hard": "unlimited"}}.
Value<Server> limits();
/// "022"; a JSON number has no octal form and is taken as it is.
Value<Server> umask_value();
/// true, false, or the names of variables.
Value<Server> inherit_env();
/// A user or group: a name, or a number in either spelling.
Value<Draft> account(std::string Draft::* member);
/// [{"name": "ci", "tokenEnv": "CI_TOKEN", "scopes": ["math.*"]}]; written with the
/// digest in the token's place.
Value<Gateway> tokens();
/// "SIGTERM", "TERM" and "term" alike.
Value<StopLadder> stop_signal();

}  // namespace mcpctl::config
