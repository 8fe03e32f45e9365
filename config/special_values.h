// Values of the key table that have a form of their own.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/keys.h"

namespace mcpctl::config::kind {

/// {"redis": "ready"}, or ["redis"] for the same.
struct Dependencies {
  static constexpr Shape shape = Shape::dependencies;
  static void read(Values& values, const Node& node, Server& into);
  static nlohmann::ordered_json write(const Server& from);
};

/// {"nofile": 4096, "as": {"soft": "1GiB", "hard": "unlimited"}}.
struct Limits {
  static constexpr Shape shape = Shape::limits;
  static void read(Values& values, const Node& node, Server& into);
  static nlohmann::ordered_json write(const Server& from);
};

/// "022"; a JSON number has no octal form and is taken as it is.
struct Umask {
  static constexpr Shape shape = Shape::umask;
  static void read(Values& values, const Node& node, Server& into);
  static nlohmann::ordered_json write(const Server& from);
};

/// true, false, or the names of variables.
struct Inherit {
  static constexpr Shape shape = Shape::inherit;
  static void read(Values& values, const Node& node, Server& into);
  static nlohmann::ordered_json write(const Server& from);
};

/// A user or group: a name, or a number in either spelling.
template <std::string Draft::* member>
struct Account {
  static constexpr Shape shape = Shape::account;
  static void read(Values& values, const Node& node, Draft& into);
  static nlohmann::ordered_json write(const Draft& from);
};
extern template struct Account<&Draft::user_name>;
extern template struct Account<&Draft::group_name>;

/// [{"name": "ci", "tokenEnv": "CI_TOKEN", "scopes": ["math.*"]}]; written with the
/// digest in the token's place.
struct Tokens {
  static constexpr Shape shape = Shape::tokens;
  static void read(Values& values, const Node& node, Gateway& into);
  static nlohmann::ordered_json write(const Gateway& from);
};

}  // namespace mcpctl::config::kind
