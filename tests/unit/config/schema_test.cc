// docs/ against the code: the table of keys, the JSON Schema for editors and the
// reference page say the same, or this fails.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/keys.h"
#include "config/server_reader.h"
#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;
using Json = nlohmann::json;

namespace {

std::string page(const std::string& name) {
  std::ifstream in{std::string{MCPCTL_SOURCE_DIR} + "/docs/" + name};
  REQUIRE(in.is_open());
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const Json& schema() {
  static const Json json = Json::parse(page("mcpctl.schema.json"));
  return json;
}

/// Follows "$ref", and takes the object among the forms of a "oneOf".
const Json& resolved(const Json& node) {
  if (node.contains("$ref")) {
    return resolved(schema().at(Json::json_pointer(node["$ref"].get<std::string>().substr(1))));
  }
  if (node.contains("oneOf")) {
    for (const Json& form : node["oneOf"]) {
      if (resolved(form).contains("properties")) return resolved(form);
    }
  }
  return node;  // NOLINT(bugprone-return-const-ref-from-parameter): part of the schema
}

/// "liveness.interval" for every key below `node`; rlimits' names are values.
void collect(const Json& node, const std::string& prefix, std::map<std::string, Json>& into) {
  const Json& object = resolved(node);
  if (!object.contains("properties") || prefix == "rlimits." || prefix == "defaults.") return;
  CHECK(object.at("additionalProperties") == false);
  for (const auto& [name, value] : object["properties"].items()) {
    into[prefix + name] = value;
    collect(value, prefix + name + ".", into);
  }
}

void compare(const std::vector<KeyRow>& rows, const std::string& definition) {
  std::map<std::string, Json> documented;
  collect(schema().at("definitions").at(definition), "", documented);
  for (const KeyRow& row : rows) {
    CAPTURE(row.path);
    REQUIRE(documented.contains(row.path));
    const Json& node = documented.at(row.path);
    if (!row.choices.empty()) CHECK(node.at("enum") == Json(row.choices));
    if (row.shape == Shape::section) {
      CHECK_FALSE(node.contains("default"));
    } else {
      CHECK(node.value("default", Json{}) ==
            (row.fallback.empty() ? Json{} : Json::parse(row.fallback)));
    }
    if (row.shape == Shape::duration) {
      CHECK(node.at("allOf")[0].at("$ref") == "#/definitions/duration");
    }
    if (row.shape == Shape::size) CHECK(node.at("allOf")[0].at("$ref") == "#/definitions/size");
    if (row.shape == Shape::integer) CHECK(node.at("type") == "integer");
    if (row.shape == Shape::boolean) CHECK(node.at("type") == "boolean");
    documented.erase(row.path);
  }
  for (const auto& [path, node] : documented) {
    CAPTURE(path);
    CHECK_MESSAGE(false, "the schema knows a key that the code does not");
  }
}

std::set<std::string> names(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [name, value] : object.items()) keys.insert(name);
  return keys;
}

}  // namespace

TEST_CASE("the schema and the table name the same settings, choices and defaults") {
  compare(server_key_rows(), "settings");
  compare(fleet_key_rows(), "fleet");
}

TEST_CASE("the schema's bounds are the reader's") {
  const TestWorld here;
  const Json& properties = schema().at("definitions").at("settings").at("properties");
  for (const KeyRow& row : server_key_rows()) {
    if (row.shape != Shape::integer) continue;
    CAPTURE(row.path);
    const Json* node = nullptr;
    std::string before = "{";
    std::string after = "}";
    const std::size_t dot = row.path.find('.');
    const std::string leaf = dot == std::string::npos ? row.path : row.path.substr(dot + 1);
    if (dot == std::string::npos) {
      node = &properties.at(leaf);
    } else {
      const std::string section = row.path.substr(0, dot);
      node = &resolved(properties.at(section)).at("properties").at(leaf);
      before = "{\"" + section + "\": {";
      after = "}}";
    }
    const auto is_fine = [&](std::int64_t value) {
      return !here.read(
                      with_settings(before + "\"" + leaf + "\": " + std::to_string(value) + after))
                  .has_errors();
    };
    const auto least = node->at("minimum").get<std::int64_t>();
    const auto most = node->at("maximum").get<std::int64_t>();
    CHECK(is_fine(least));
    CHECK(is_fine(most));
    CHECK_FALSE(is_fine(least - 1));
    CHECK_FALSE(is_fine(most + 1));
  }
}

TEST_CASE("the schema allows as a default what the table does") {
  std::set<std::string> allowed;
  for (const Key<Draft>& key : defaults_keys()) allowed.insert(std::string{key.name});

  const Json& defaults = schema().at("definitions").at("fleet").at("properties").at("defaults");

  CHECK(names(defaults.at("properties")) == allowed);
}

TEST_CASE("the schema knows the hosts' keys that we read") {
  const std::vector<std::string_view>& read = host_keys();

  CHECK(names(schema().at("definitions").at("server").at("properties")) ==
        std::set<std::string>(read.begin(), read.end()));
}

TEST_CASE("the reference page mentions every key, choice and default") {
  const std::string text = page("config.md");
  const auto mentions = [&](const std::string& word) {
    CAPTURE(word);
    CHECK(text.find("`" + word + "`") != std::string::npos);
  };
  for (const std::string_view key : host_keys()) mentions(std::string{key});
  std::vector<KeyRow> rows = server_key_rows();
  for (KeyRow& row : fleet_key_rows()) rows.push_back(std::move(row));
  for (const KeyRow& row : rows) {
    mentions(row.path);
    for (const std::string_view choice : row.choices) mentions(std::string{choice});
    const std::size_t at = text.find("| `" + row.path + "` |");
    REQUIRE(at != std::string::npos);
    const std::string line = text.substr(at, text.find('\n', at) - at);
    CAPTURE(line);
    if (row.shape != Shape::section && !row.fallback.empty()) {
      CHECK(line.find("`" + row.fallback + "`") != std::string::npos);
    }
  }
}
