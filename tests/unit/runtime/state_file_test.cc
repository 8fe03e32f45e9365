#include "runtime/state_file.h"

#include <doctest/doctest.h>

using namespace mcpctl::runtime;

TEST_CASE("a state survives being written and read") {
  SavedState state;
  state.leaders.push_back({4711, 123456789, "0b6e3f3c-boot", "fleet/server/1/1.2.3.boot"});
  state.leaders.push_back({4712, 123456790, "0b6e3f3c-boot", "fleet/other/1/1.2.3.boot"});
  state.stopped = {"github", "odd \"name\"\xff"};

  const auto read = decode(encode(state));

  REQUIRE(read.has_value());
  REQUIRE(read->leaders.size() == 2);
  CHECK(read->leaders[1].cookie == "fleet/other/1/1.2.3.boot");
  CHECK(read->leaders[0].pid == 4711);
  CHECK(read->leaders[0].start_time == 123456789);
  CHECK(read->leaders[0].boot_id == "0b6e3f3c-boot");
  CHECK(read->leaders[0].cookie == "fleet/server/1/1.2.3.boot");
  CHECK(read->stopped.contains("github"));
}

TEST_CASE("a damaged state file is an error, never a crash") {
  CHECK_FALSE(decode("").has_value());
  CHECK_FALSE(decode("[]").has_value());
  CHECK_FALSE(decode("{\"version\":2}").has_value());
  CHECK_FALSE(decode("{\"version\":1").has_value());
  CHECK_FALSE(decode(std::string(100'000, '[')).has_value());
}

TEST_CASE("entries that make no sense are left out") {
  const auto read = decode(
      R"({"version":1,"leaders":[1,{"pid":1,"start_time":1,"boot_id":"b","cookie":"c"},)"
      R"({"pid":"x"},{"pid":-5,"start_time":1,"boot_id":"b","cookie":"c"}],"stopped":[3,"a"]})");

  REQUIRE(read.has_value());
  CHECK(read->leaders.empty());
  CHECK(read->stopped == std::set<std::string>{"a"});
}
