#include "cli/line_format.h"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <time.h>

using namespace mcpctl::cli;

namespace {

/// Times are local; the tests live in Greenwich.
struct Greenwich {
  Greenwich() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

constexpr std::int64_t some_time = 1'700'000'000'123;

}  // namespace

TEST_CASE_FIXTURE(Greenwich, "lines of all servers are aligned to the longest name") {
  const LineFormat format{{"weather", "db"}, false};

  CHECK(format.line("db", some_time, "stderr", "hello") == "22:13:20 db      | hello\n");
  CHECK(format.line("weather", some_time, "stderr", "") == "22:13:20 weather | \n");
}

TEST_CASE_FIXTURE(Greenwich, "a very long name is cut, so that lines stay on the screen") {
  const LineFormat format{{std::string(40, 'x'), "db"}, false};

  CHECK(format.line("db", some_time, "stderr", "a") ==
        "22:13:20 db" + std::string(22, ' ') + " | a\n");
}

TEST_CASE_FIXTURE(Greenwich, "a transition names the state, the process and the reason") {
  const LineFormat format{{"db"}, false};

  CHECK(format.transition("db", some_time, "ready", 7, "answers") ==
        "22:13:20 db * ready     pid 7: answers\n");
  CHECK(format.transition("db", some_time, "backoff", 0, "exit code 1") ==
        "22:13:20 db * backoff   exit code 1\n");
}

TEST_CASE_FIXTURE(Greenwich, "each server keeps its colour") {
  const LineFormat format{{"a", "b"}, true};

  CHECK(format.line("a", some_time, "stderr", "x").find("\x1b[36ma\x1b[0m") != std::string::npos);
  CHECK(format.line("b", some_time, "stderr", "x").find("\x1b[33mb\x1b[0m") != std::string::npos);
}

TEST_CASE_FIXTURE(Greenwich, "a server that is not known yet is shown all the same") {
  const LineFormat format{{"a"}, false};

  CHECK(format.line("newcomer", some_time, "stderr", "x").find("| x\n") != std::string::npos);
}
