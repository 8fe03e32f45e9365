// docs/api.md against what GET /metrics of a running fleet really shows.
#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

using Names = std::set<std::string>;

void find_all(const std::string& text, const std::string& pattern, const std::string& prefix,
              Names& names) {
  const std::regex expression{pattern};
  for (std::sregex_iterator at{text.begin(), text.end(), expression}, end; at != end; ++at) {
    names.insert(prefix + at->str(1));
  }
}

/// What the page's section on metrics names; the first column of its tables.
Names documented() {
  const std::string page = read_file(MCPCTL_SOURCE_DIR "/docs/api.md");
  const std::size_t section = page.find("\n## Metrics\n");
  REQUIRE(section != page.npos);
  Names names;
  std::string prefix;
  std::istringstream lines{page.substr(section)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| metric")) {
      prefix = line.find("`mcpctl_server_…`") == line.npos ? "" : "mcpctl_server_";
    } else if (line.starts_with("|")) {
      find_all(line.substr(0, line.find(" | ")), "`([a-z_]+)", prefix, names);
    } else {
      find_all(line, "`((?:mcp|mcpctl|process)_[a-z_]+)`", "", names);
    }
  }
  return names;
}

std::string words_of(const Names& names) {
  std::string words;
  for (const std::string& name : names) words += name + "\n";
  return words;
}

}  // namespace

TEST_CASE("docs/api.md names every metric that a fleet shows, and no other") {
  Json ours = quick();
  ours["gateway"]["listen"] = "127.0.0.1:0";
  Fleet fleet{Json{{"math", Json{{"command", MCPCTL_BINARY_DIR "/examples/math"}}},
                   {"exits", companion({"exit", "--after=20", "--code=3"}, {{"restart", "never"}})},
                   {"dies", companion({"crash", "--after=20"}, {{"restart", "never"}})}},
              ours};
  fleet.start();
  fleet.await("math", "ready");
  fleet.await("exits", "failed");
  fleet.await("dies", "failed");
  CHECK(fleet.control({"call", "math.add", "a=1", "b=2"}).exit_code == 0);

  Names shown;
  find_all(fleet.request("GET", "/metrics"), "# TYPE ([a-z_]+) ", "", shown);
  CHECK(words_of(shown) == words_of(documented()));
  CHECK(fleet.stop().exit_code == 0);
}
