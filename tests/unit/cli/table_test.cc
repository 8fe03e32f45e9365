#include "cli/table.h"

#include <doctest/doctest.h>

using namespace mcpctl::cli;

namespace {

Table example() {
  Table table{{{"NAME"}, {"PID", true}, {"CPU", true, 2}, {"TOOLS", true, 1}, {"WHY"}}};
  table.add({{"weather"}, {"4711"}, {"0.12s"}, {"12"}, {"answers"}});
  table.add({{"db"}, {"9"}, {""}, {"-"}, {"exit code 1 after 3s; restart in 1s"}});
  return table;
}

}  // namespace

TEST_CASE("columns are as wide as their widest cell, numbers stand to the right") {
  CHECK(example().render({}) ==
        "NAME      PID    CPU  TOOLS  WHY\n"
        "weather  4711  0.12s     12  answers\n"
        "db          9             -  exit code 1 after 3s; restart in 1s\n");
}

TEST_CASE("a terminal that is too narrow loses the column of the highest rank first") {
  const std::string text = example().render({true, false, 48});

  CHECK(text ==
        "NAME      PID  TOOLS  WHY\n"
        "weather  4711     12  answers\n"
        "db          9      -  exit code 1 after 3s; res…\n");
}

TEST_CASE("columns without a rank stay, whatever the width") {
  const std::string text = example().render({true, false, 20});

  CHECK(text ==
        "NAME      PID  WHY\n"
        "weather  4711  answ…\n"
        "db          9  exit…\n");
}

TEST_CASE("no line ends with spaces") {
  Table table{{{"A"}, {"B"}}};
  table.add({{"x"}, {""}});

  CHECK(table.render({}) == "A  B\nx\n");
}

TEST_CASE("a note stands below its row and is cut like a cell") {
  Table table{{{"A"}}};
  table.add({{"x"}});
  table.add_note("| Traceback (most recent call last)", Tone::plain);

  CHECK(table.render({true, false, 14}) == "A\nx\n  | Traceback…\n");
}

TEST_CASE("colours do not disturb the alignment") {
  Table table{{{"STATE"}, {"N"}}};
  table.add({{"ok", Tone::green}, {"1"}});

  CHECK(table.render({true, true, 80}) ==
        "\x1b[1mSTATE\x1b[0m  \x1b[1mN\x1b[0m\n\x1b[32mok\x1b[0m     1\n");
}
