// The words of docs/fleet.schema.json are those of the code; tests/e2e holds the schema
// against a real fleet.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "control/json.h"
#include "supervisor/state.h"

using namespace mcpctl;
using Json = nlohmann::json;

namespace {

using Names = std::set<std::string>;

Json definition(const std::string& name) {
  std::ifstream in{MCPCTL_SOURCE_DIR "/docs/fleet.schema.json"};
  REQUIRE(in.is_open());
  return Json::parse(in).at("definitions").at(name);
}

Names keys_of(const Json& object) {
  Names keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

void check_keys(const Json& schema, const std::string& text) {
  const Names written = keys_of(Json::parse(text));
  CHECK(keys_of(schema.at("properties")) == written);
  CHECK(schema.at("required").get<Names>() == written);
}

}  // namespace

TEST_CASE("the fleet's schema knows every state, and no other") {
  Names known;
  for (const supervisor::State state : supervisor::all_states) {
    known.emplace(supervisor::name(state));
  }

  CHECK(definition("server").at("properties").at("state").at("enum").get<Names>() == known);
}

TEST_CASE("the fleet's schema describes and requires every key of a fleet and of a server") {
  check_keys(definition("fleet"), control::to_json(runtime::FleetStatus{}, true));
  check_keys(definition("server"), control::to_json(runtime::ServerStatus{}, true));
}
