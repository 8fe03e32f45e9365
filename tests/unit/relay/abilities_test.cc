#include "relay/abilities.h"

#include <doctest/doctest.h>

namespace mcpctl::relay {
namespace {

TEST_CASE("a client is asked only for what it declared") {
  const Abilities none = abilities_of("{}");
  CHECK_FALSE(none.allow(Method::sampling, "{}"));
  CHECK_FALSE(none.allow(Method::elicitation, "{}"));
  CHECK_FALSE(none.allow(Method::roots, ""));

  const Abilities all = abilities_of(R"({"sampling":{},"elicitation":{},"roots":{}})");
  CHECK(all.allow(Method::sampling, "{}"));
  CHECK(all.allow(Method::elicitation, "{}"));
  CHECK(all.allow(Method::roots, ""));
  CHECK_FALSE(all.allow(Method::tools_call, "{}"));
}

TEST_CASE("elicitation without modes means forms") {
  const std::string_view form = R"({"mode":"form"})";
  const std::string_view url = R"({"mode":"url"})";
  CHECK(abilities_of(R"({"elicitation":{}})").allow(Method::elicitation, form));
  CHECK_FALSE(abilities_of(R"({"elicitation":{}})").allow(Method::elicitation, url));
  CHECK_FALSE(abilities_of(R"({"elicitation":{"url":{}}})").allow(Method::elicitation, form));
  CHECK(abilities_of(R"({"elicitation":{"url":{}}})").allow(Method::elicitation, url));
}

TEST_CASE("sampling with tools needs a client that says so") {
  const std::string_view with_tools = R"({"tools":[]})";
  CHECK_FALSE(abilities_of(R"({"sampling":{}})").allow(Method::sampling, with_tools));
  CHECK(abilities_of(R"({"sampling":{"tools":{}}})").allow(Method::sampling, with_tools));
}

TEST_CASE("what is no object declares nothing") {
  CHECK_FALSE(abilities_of(R"({"roots":true})").allow(Method::roots, ""));
  CHECK_FALSE(abilities_of("").allow(Method::roots, ""));
}

}  // namespace
}  // namespace mcpctl::relay
