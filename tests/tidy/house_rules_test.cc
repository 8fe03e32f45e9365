// Holds every file of the repository against the house rules, and every rule
// against a sample that it must refuse.
#include "house_rules.h"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;
using namespace mcpctl::tidy;

namespace {

struct NamedRule {
  std::string name;
  Rule check;
};

const std::array<NamedRule, 10> rules{{
    {"no tabs or trailing spaces", no_tabs_or_trailing_spaces},
    {"no marks of unfinished work", no_marks_of_unfinished_work},
    {"no paths of one machine", no_paths_of_one_machine},
    {"at most 100 columns", at_most_100_columns},
    {"no empty names", no_empty_names},
    {"headers introduce themselves", headers_introduce_themselves},
    {"headers open no namespace", headers_open_no_namespace},
    {"at most 450 lines", at_most_450_lines},
    {"unit tests never sleep", unit_tests_never_sleep},
    {"lock files name no host", lock_files_name_no_host},
}};

bool is_text(const fs::path& path) {
  static const std::set<std::string> extensions{".h",  ".cc",   ".md",  ".cmake", ".txt",
                                                ".sh", ".json", ".mjs", ".js",    ".yml"};
  static const std::set<std::string> names{"dev",           "run",        ".clang-tidy",
                                           ".clang-format", ".gitignore", ".editorconfig"};
  return extensions.contains(path.extension().string()) || names.contains(path.filename().string());
}

/// Build folders, packages of others, git's own files, and inputs whose very point
/// may be a tab, are not ours to tidy.
bool is_foreign(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with("build") || name == ".git" || name == ".cache" ||
         name == "node_modules" || name == "corpus";
}

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<SourceFile> tree() {
  const fs::path root{MCPCTL_SOURCE_DIR};
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator{root};
       entry != fs::recursive_directory_iterator{}; ++entry) {
    if (entry->is_directory() && is_foreign(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && is_text(entry->path())) {
      files.push_back(
          source_file(fs::relative(entry->path(), root).generic_string(), text_of(entry->path())));
    }
  }
  return files;
}

}  // namespace

TEST_CASE("every file keeps the house rules") {
  const std::vector<SourceFile> files = tree();
  REQUIRE(files.size() > 20);  // the walk found the repository

  for (const SourceFile& file : files) {
    for (const NamedRule& rule : rules) {
      for (const Offence& offence : rule.check(file)) {
        FAIL_CHECK(offence.path << ":" << offence.line << ": " << offence.what << " (" << rule.name
                                << ")");
      }
    }
  }
}

TEST_CASE("every fuzz target has seeds that reach it") {
  const fs::path folder = fs::path{MCPCTL_SOURCE_DIR} / "tests" / "fuzz";
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with("_fuzz.cc")) continue;
    const std::string source = text_of(entry.path());
    constexpr std::string_view declaration = "_target{'";
    const std::size_t declared = source.find(declaration);
    REQUIRE_MESSAGE(declared != source.npos, file, " declares no target");
    const char letter = source[declared + declaration.size()];
    const fs::path program = entry.path().parent_path().filename();
    const std::string prefix = file.substr(0, file.size() - 8);

    std::size_t seeds = 0;
    for (const auto& seed : fs::directory_iterator{folder / "corpus" / program}) {
      const std::string name = seed.path().filename().string();
      if (name != prefix && !name.starts_with(prefix + "_")) continue;
      ++seeds;
      CHECK_MESSAGE(text_of(seed.path()).starts_with(letter), name, " is for another target");
    }

    CAPTURE(file);
    CHECK(seeds > 0);
  }
}

TEST_CASE("every rule refuses what it was written against") {
  struct Sample {
    Rule rule;
    const char* path;
    std::string text;
    std::size_t line;
  };
  // Forbidden words in halves, so that this file passes its own test.
  const std::vector<Sample> samples{
      {no_tabs_or_trailing_spaces, "a.md", "one\n\ttwo\n", 2},
      {no_tabs_or_trailing_spaces, "a.md", "one \n", 1},
      {no_tabs_or_trailing_spaces, "a.md", "one\r\n", 1},
      {no_marks_of_unfinished_work, "a.cc",
       "int x;  // TO"
       "DO: later\n",
       1},
      {no_paths_of_one_machine, "a.md",
       "see /work"
       "space/repo\n",
       1},
      {no_paths_of_one_machine, "a.cc",
       "open(\"/work"
       "/x\")\n",
       1},
      {at_most_100_columns, "a.cc", "int x;\n" + std::string(101, 'x') + "\n", 2},
      {no_empty_names, "a.h",
       "class ProcessMana"
       "ger {\n",
       1},
      {no_empty_names, "a.h",
       "struct Im"
       "pl;\n",
       1},
      {no_empty_names,
       "base/string_ut"
       "il.cc",
       "int x;\n", 1},
      {headers_introduce_themselves, "a.h", "#pragma once\n", 1},
      {headers_introduce_themselves, "a.h", "// What it is.\n#include <map>\n", 2},
      {headers_introduce_themselves, "a.h", "// What it is.\n", 2},
      {headers_open_no_namespace, "a.h", "// A.\n#pragma once\nusing namespace std;\n", 3},
      {at_most_450_lines, "cli/a.cc", std::string(451, '\n'), 450},
      {unit_tests_never_sleep, "tests/unit/a_test.cc", "std::this_thread::sleep_for(1s);\n", 1},
      {lock_files_name_no_host, "tests/package-lock.json",
       "\"resolved\": \"https://registry.example/a.tgz\"\n", 1},
  };

  for (const Sample& sample : samples) {
    const Offences found = sample.rule(source_file(sample.path, sample.text));

    CAPTURE(sample.text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == sample.line);
  }
}

TEST_CASE("no rule refuses what it should let pass") {
  const std::string good{
      "// What it is, what it never does.\n#pragma once\n"
      "GET /workers/1 and https://host/workspace/x and a–b\n"};
  for (const NamedRule& rule : rules) {
    CAPTURE(rule.name);
    CHECK(rule.check(source_file("http/good.h", good)).empty());
    CHECK(rule.check(source_file("tests/e2e/good.h", good)).empty());
  }
  CHECK(at_most_100_columns(source_file("a.md", std::string(200, 'x'))).empty());
  const std::string two_bytes_a_column{"ééééééééééééééééééééééééééééééééééééééééééééééééééééééé"};
  CHECK(two_bytes_a_column.size() > 100);
  CHECK(at_most_100_columns(source_file("a.cc", two_bytes_a_column)).empty());
  CHECK(at_most_450_lines(source_file("cli/a.cc", std::string(450, '\n'))).empty());
  CHECK(at_most_450_lines(source_file("tests/unit/a.cc", std::string(999, '\n'))).empty());
  CHECK(unit_tests_never_sleep(source_file("tests/unit/a.cc", "run(\"sleep 10\");\n")).empty());
}
