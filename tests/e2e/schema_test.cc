// docs/fleet.schema.json against what `mcpctl ps --json` and the door really say.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

/// As much of JSON Schema (draft 7) as the file uses; a word it does not know is a
/// failure, so that no constraint goes unnoticed.
class Schema {
 public:
  explicit Schema(const std::string& file) : root_(Json::parse(read_file(file))) {}

  /// What is wrong with `value`, one line each; empty if it fits.
  std::vector<std::string> problems_of(const Json& value, const std::string& definition) {
    problems_.clear();
    check(value, root_.at("definitions").at(definition), definition);
    return problems_;
  }

 private:
  void check(const Json& value, const Json& schema, const std::string& where) {
    for (const auto& [word, rule] : schema.items()) check_word(word, rule, value, schema, where);
  }

  void check_word(const std::string& word, const Json& rule, const Json& value, const Json& schema,
                  const std::string& where) {
    if (word == "description") return;
    if (word == "$ref") {
      check(value, root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), where);
    } else if (word == "type") {
      require(is_of_type(value, rule), where + " is no " + rule.dump());
    } else if (word == "enum") {
      require(std::ranges::find(rule, value) != rule.end(), where + " is none of " + rule.dump());
    } else if (word == "minimum") {
      require(!value.is_number() || value >= rule, where + " is below " + rule.dump());
    } else if (word == "required") {
      for (const auto& key : rule) {
        require(!value.is_object() || value.contains(key.get<std::string>()),
                where + " lacks " + key.dump());
      }
    } else if (word == "additionalProperties") {
      require(rule == false, "this reader knows only additionalProperties: false");
      if (value.is_object()) check_keys(value, schema.at("properties"), where);
    } else if (word == "properties") {
      if (value.is_object()) check_members(value, rule, where);
    } else if (word == "items") {
      if (value.is_array()) {
        for (const Json& item : value) check(item, rule, where + "[]");
      }
    } else {
      require(false, "this reader does not know " + word);
    }
  }

  void check_keys(const Json& value, const Json& properties, const std::string& where) {
    for (const auto& [key, member] : value.items()) {
      require(properties.contains(key), where + " has an unknown key " + key);
    }
  }

  void check_members(const Json& value, const Json& properties, const std::string& where) {
    for (const auto& [key, rule] : properties.items()) {
      if (value.contains(key)) check(value.at(key), rule, where + "." + key);
    }
  }

  static bool is_of_type(const Json& value, const Json& types) {
    if (types.is_array()) {
      return std::ranges::any_of(types, [&](const Json& one) { return is_of_type(value, one); });
    }
    if (types == "integer") return value.is_number_integer();
    return types == value.type_name();
  }

  void require(bool holds, const std::string& otherwise) {
    if (!holds) problems_.push_back(otherwise);
  }

  Json root_;
  std::vector<std::string> problems_;
};

Schema fleet_schema() { return Schema{MCPCTL_SOURCE_DIR "/docs/fleet.schema.json"}; }

std::string text_of(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

}  // namespace

TEST_CASE("ps --json and the door say what docs/fleet.schema.json says") {
  Fleet fleet{Json{{"ready", misbehaving({"log-line", "--text=a line"})},
                   {"crashes", companion({"exit", "--after=20", "--code=3"})},
                   {"killed", companion({"crash", "--after=20"}, {{"restart", "never"}})},
                   {"done", companion({"exit", "--after=20", "--code=0"}, {{"restart", "never"}})},
                   {"missing", Json{{"command", "/nonexistent/server"}}},
                   {"lazy", misbehaving({}, {{"lifecycle", "lazy"}})},
                   {"waits", misbehaving({}, {{"dependsOn", {{"missing", "ready"}}}})},
                   {"remote", Json{{"url", "http://127.0.0.1:1/mcp"}}}},
              quick()};
  fleet.start();
  fleet.await("ready", "ready");
  fleet.await("killed", "failed");
  fleet.await("done", "completed");
  fleet.await("missing", "failed");
  fleet.await("lazy", "idle");
  fleet.await("waits", "waiting");
  fleet.await_that("crashes", [](const Json& server) { return server["restarts"] > 1; });
  Schema schema = fleet_schema();

  const Json told = Json::parse(fleet.control({"ps", "--json"}).out);
  CHECK(text_of(schema.problems_of(told, "fleet")) == "");
  for (const Json& server : told["servers"]) {
    const std::string path = "/api/v1/servers/" + server["name"].get<std::string>();
    const Json one = Json::parse(fleet.request("GET", path));
    CHECK(text_of(schema.problems_of(one, "server")) == "");
    const Json unmeasured = Json::parse(fleet.request("GET", path + "?usage=0"));
    CHECK(text_of(schema.problems_of(unmeasured, "server")) == "");
  }
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("docs/fleet.schema.json finds a missing key, an unknown one, and a wrong value") {
  Fleet fleet{Json{{"one", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await("one", "ready");
  const Json told = Json::parse(fleet.control({"ps", "--json"}).out);
  fleet.stop();
  Schema schema = fleet_schema();
  const auto finds = [&](const auto& change) {
    Json changed = told;
    change(changed["servers"][0]);
    return !schema.problems_of(changed, "fleet").empty();
  };

  CHECK_FALSE(finds([](Json&) {}));
  for (const auto& [key, value] : told["servers"][0].items()) {
    CAPTURE(key);
    CHECK(finds([&key](Json& server) { server.erase(key); }));
    CHECK(finds([&key](Json& server) { server[key] = Json{{"no such", "value"}}; }) ==
          (key != "capabilities"));
  }
  CHECK(finds([](Json& server) { server["new_key"] = 1; }));
  CHECK(finds([](Json& server) { server["state"] = "dreaming"; }));
  CHECK(finds([](Json& server) { server["restarts"] = -1; }));
}
