#include "cli/quantities.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::cli;

TEST_CASE("bytes are shown in the unit that an eye can compare") {
  CHECK(short_bytes(0) == "0B");
  CHECK(short_bytes(1023) == "1023B");
  CHECK(short_bytes(96 * 1024) == "96K");
  CHECK(short_bytes(64'382'566) == "61.4M");
  CHECK(short_bytes(3ull << 30) == "3.0G");
}

TEST_CASE("an age has two units at most") {
  CHECK(short_age(Duration{999}) == "0s");
  CHECK(short_age(Duration{42'000}) == "42s");
  CHECK(short_age(Duration{192'000}) == "3m12s");
  CHECK(short_age(Duration{7'500'000}) == "2h05m");
  CHECK(short_age(Duration{273'600'000}) == "3d04h");
}

TEST_CASE("CPU time keeps its fractions while it is small") {
  CHECK(short_cpu(Duration{420}) == "0.42s");
  CHECK(short_cpu(Duration{12'340}) == "12.3s");
  CHECK(short_cpu(Duration{192'000}) == "3m12s");
}
