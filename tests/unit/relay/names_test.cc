#include "relay/names.h"

#include <doctest/doctest.h>

#include <set>

namespace mcpctl::relay {
namespace {

TEST_CASE("a tool is called by its server and its name, and split at the first separator") {
  CHECK(joined_name(name_prefix("github"), "create_issue") == "github__create_issue");
  const SplitName split = split_name("github__odd__name");
  CHECK(split.prefix == "github");
  CHECK(split.name == "odd__name");
  CHECK(split_name("plain").prefix.empty());
  CHECK(split_name("plain").name == "plain");
}

TEST_CASE("whatever a server is called, its prefix ends where the first separator stands") {
  for (const std::string server : {"a__b", "a_", "_", "__", "a b/c", "\xC3\xA9t\xC3\xA9", "x___y_",
                                   "a-name-that-is-very-much-longer-than-anybody-would-choose"}) {
    const std::string prefix = name_prefix(server);
    CAPTURE(server);
    CAPTURE(prefix);
    CHECK(prefix.size() <= longest_prefix);
    CHECK(split_name(joined_name(prefix, "_tool")).prefix == prefix);
  }
  CHECK(name_prefix("a__b") != name_prefix("a_b"));
  CHECK(name_prefix("my_server.v2") == "my_server.v2");
}

TEST_CASE("long names are shortened to the limit, each to another, always the same") {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    const std::string tool = std::string(100, 't') + std::to_string(i);
    const std::string joined = joined_name("server", tool);
    CHECK(joined.size() == longest_joined_name);
    CHECK(joined == joined_name("server", tool));
    names.insert(joined);
  }
  CHECK(names.size() == 100);
  CHECK(joined_name("s", std::string(61, 't')).size() == 64);
  CHECK(joined_name("s", std::string(61, 't')) == "s__" + std::string(61, 't'));
}

TEST_CASE("a name is never cut inside a character") {
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "\xC3\xBC";
  for (const std::string prefix : {"a", "ab"}) {
    const std::string joined = joined_name(prefix, umlauts);
    const std::string kept = joined.substr(0, joined.size() - 9);
    CHECK((kept.size() - prefix.size() - 2) % 2 == 0);
  }
}

}  // namespace
}  // namespace mcpctl::relay
