// A page that names a test as its proof must not outlive the test: the promises of
// README.md and the scenarios of tests/e2e/SCENARIOS.md name theirs in quotes.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The string literal at `at`, those that follow it joined; "" if there is none.
std::string literal_at(std::string_view code, std::size_t at) {
  std::string text;
  while ((at = code.find_first_not_of(" \n", at)) != code.npos && code[at] == '"') {
    const std::size_t end = code.find('"', at + 1);
    if (end == code.npos) break;
    text += code.substr(at + 1, end - at - 1);
    at = end + 1;
  }
  return text;
}

/// Of TEST_CASE("…") and TEST_CASE_FIXTURE(Fixture, "…").
std::set<std::string> names_of_tests() {
  std::set<std::string> names;
  const fs::path folder = fs::path{MCPCTL_SOURCE_DIR} / "tests";
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (!entry.path().filename().string().ends_with("_test.cc")) continue;
    const std::string code = contents(entry.path());
    for (std::size_t at = 0; (at = code.find("\nTEST_CASE", at)) != code.npos; ++at) {
      const std::size_t open = code.find('(', at);
      const bool has_fixture = code.compare(at, 19, "\nTEST_CASE_FIXTURE(") == 0;
      names.insert(literal_at(code, (has_fixture ? code.find(',', open) : open) + 1));
    }
  }
  return names;
}

/// What stands between straight quotes in the rows of `page`'s tables.
std::vector<std::string> quoted_in_tables(const std::string& page) {
  std::vector<std::string> quoted;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = std::min(page.find('\n', at), page.size());
    const std::string_view line = std::string_view{page}.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with('|')) continue;
    for (std::size_t from = 0; (from = line.find('"', from)) != line.npos;) {
      const std::size_t to = line.find('"', from + 1);
      REQUIRE_MESSAGE(to != line.npos, "a quote is not closed: ", std::string{line});
      quoted.emplace_back(line.substr(from + 1, to - from - 1));
      from = to + 1;
    }
  }
  return quoted;
}

}  // namespace

TEST_CASE("every test that a page names as its proof exists") {
  const std::set<std::string> names = names_of_tests();
  REQUIRE(names.size() > 300);  // the walk found them

  for (const char* page : {"README.md", "tests/e2e/SCENARIOS.md"}) {
    const std::vector<std::string> named =
        quoted_in_tables(contents(fs::path{MCPCTL_SOURCE_DIR} / page));
    CHECK(named.size() >= 15);
    for (const std::string& name : named) {
      CAPTURE(page);
      CHECK_MESSAGE(names.contains(name), "no such test: ", name);
    }
  }
}

TEST_CASE("quoted names are found in tables only, and joined literals are one name") {
  CHECK(quoted_in_tables("\"no\"\n| a | \"one\", \"two\" |\nno \"table\"\n| \"three\" |") ==
        std::vector<std::string>{"one", "two", "three"});
  CHECK(literal_at("( \"one \"\n  \"two\")", 1) == "one two");
}
