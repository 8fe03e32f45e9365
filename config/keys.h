// The one table of everything that may stand in an "x-mcpctl" object.  The reader
// reads by it, `GET config` is written by it, suggestions look into it, and tests
// hold docs/config.md and docs/mcpctl.schema.json against it.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/values.h"

namespace mcpctl::config {

/// How a value is written.
enum class Shape {
  boolean,
  integer,
  string,
  strings,
  integers,
  duration,
  size,
  choice,        ///< one of `choices`
  section,       ///< an object with keys of its own
  umask,         ///< "022", or a number
  account,       ///< a name, or a number
  inherit,       ///< true, false or names
  dependencies,  ///< {"redis": "ready"} or ["redis"]
  limits,        ///< {"nofile": 4096}
  tokens,        ///< [{"name": "ci", "tokenEnv": "CI_TOKEN"}]
};

/// One line of the table, for documentation and tests.
struct KeyRow {
  std::string path;  ///< "liveness.interval"
  Shape shape{Shape::string};
  std::vector<std::string_view> choices;
  std::string fallback;  ///< JSON text of the default; empty: none
};

/// How one value of an Owner is read and written.  Made of a kind (key_values.h,
/// special_values.h) at compile time, so that a table costs a start nothing.
template <typename Owner>
struct Value {
  Shape shape;
  std::span<const std::string_view> choices;
  void (*read)(Values&, const Node&, Owner&);
  /// What read() would take; null when there is nothing to say.
  nlohmann::ordered_json (*write)(const Owner&);
  /// Of a section, without its own name; null: it has none.
  std::vector<KeyRow> (*rows)(){nullptr};

  template <typename Kind>
  constexpr Value(Kind)  // NOLINT(google-explicit-constructor): a table names kinds
      : shape(Kind::shape),
        read([](Values& values, const Node& node, Owner& into) { Kind::read(values, node, into); }),
        write([](const Owner& from) { return Kind::write(from); }) {
    if constexpr (requires { Kind::choices; }) choices = Kind::choices;
    if constexpr (requires { Kind::rows(); }) rows = Kind::rows;
  }
};

template <typename Owner>
struct Key {
  std::string_view name;
  Value<Owner> value;
  bool in_defaults{true};  ///< makes sense for every server at once
};

/// A server while it is read: what cannot be settled before all is known.
struct Draft : Server {
  std::string user_name;
  std::string group_name;
  Places places;
};

/// The top of the files while it is read.
struct Fleet {
  Config config;
  Draft defaults;
};

template <typename Owner>
using Keys = std::span<const Key<Owner>>;

Keys<Draft> server_keys();
/// server_keys() without what makes no sense for every server.
Keys<Draft> defaults_keys();
Keys<Fleet> fleet_keys();

std::vector<KeyRow> server_key_rows();
std::vector<KeyRow> fleet_key_rows();

/// Reads each member of the object `node`, in the order of the table; `owner` is
/// what messages call it.
void read_server_settings(Values& values, const Node& node, Draft& into);
void read_fleet_settings(Values& values, const Node& node, Fleet& into);

/// Effective values, in the order of the tables.
nlohmann::ordered_json write_server_settings(const Server& server);
nlohmann::ordered_json write_fleet_settings(const Config& config);

/// "liveness" for "interval": the section that has a key of this name; empty when
/// none or several have it.
std::string section_of(std::string_view key);

}  // namespace mcpctl::config
