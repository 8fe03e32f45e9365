// The man page and docs/cli.md against the parsers: they name every command and option
// that there is, and none that there is not.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line.h"

using namespace mcpctl::cli;

namespace {

using Names = std::set<std::string>;

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in{std::string{MCPCTL_SOURCE_DIR} + "/" + file};
  REQUIRE(in.is_open());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Everything in `text` that `pattern` finds.
Names found_in(const std::string& text, const std::string& pattern) {
  const std::regex expression{pattern};
  Names names;
  for (std::sregex_iterator at{text.begin(), text.end(), expression}, end; at != end; ++at) {
    names.insert(at->str(1));
  }
  return names;
}

Names options_in(const std::string& text) {
  return found_in(text, "(?:^|[^a-z0-9-])(--?[a-z][a-z-]*)(?![a-z0-9:])");
}

/// A command's options but --help, by all their names.
Names options_of(const CommandWords& command) {
  Names names;
  for (const OptionWords& option : command.options) {
    if (option.long_name == "--help") continue;
    for (const std::string& name : {option.long_name, option.short_name}) {
      if (!name.empty()) names.insert(name);
    }
  }
  return names;
}

Names names_of_commands() {
  Names names{"status", "validate"};  // the second names of ps and check
  for (const CommandWords& command : command_words()) names.insert(command.name);
  return names;
}

/// A page of man without its markup, by section.
std::map<std::string, std::vector<std::string>> sections_of_man_page() {
  std::map<std::string, std::vector<std::string>> sections;
  std::string section;
  for (std::string line : lines_of("man/mcpctl.1")) {
    if (line.starts_with(".SH ")) {
      section = line.substr(4);
      continue;
    }
    line = std::regex_replace(line, std::regex{R"(\\-)"}, "-");
    line = std::regex_replace(line, std::regex{R"(\\f[A-Z]|\\[~|])"}, " ");
    sections[section].push_back(line);
  }
  return sections;
}

/// Each command's entry, under each of the names that it is for.
std::map<std::string, std::string> entries_of_man_page() {
  std::map<std::string, std::string> entries;
  Names current;
  int depth = 0;
  bool is_head = false;
  const std::vector<std::string> lines = sections_of_man_page().at("COMMANDS");
  for (const std::string& line : lines) {
    if (line == ".RS") ++depth;
    if (line == ".RE") --depth;
    if (line == ".PP") current.clear();
    if (is_head && depth == 0) {
      current = found_in(line, "([a-z][a-z-]+)");
      for (const std::string& name : current) entries[name] = "";
    } else {
      for (const std::string& name : current) entries[name] += line + "\n";
    }
    is_head = line == ".TP";
  }
  return entries;
}

Names keys_of(const auto& map) {
  Names keys;
  for (const auto& [key, value] : map) keys.insert(key);
  return keys;
}

bool includes(const Names& whole, const Names& part) { return std::ranges::includes(whole, part); }

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// The rows of docs/cli.md's table of options: the commands of each, and its options.
std::map<std::string, Names> rows_of_options() {
  std::map<std::string, Names> rows;
  bool is_here = false;
  for (const std::string& line : lines_of("docs/cli.md")) {
    if (line.starts_with("## ")) is_here = line == "## Options";
    if (!is_here || !line.starts_with("| `")) continue;
    const std::size_t middle = line.find(" | ");
    REQUIRE(middle != line.npos);
    for (const std::string& name : found_in(line.substr(0, middle), "`([a-z-]+)`")) {
      rows[name] = options_in(line.substr(middle));
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("the man page has an entry for every command, and for no other") {
  CHECK(keys_of(entries_of_man_page()) == names_of_commands());
}

TEST_CASE("the man page names every option, and no other") {
  const Names common = options_in(text_of(sections_of_man_page().at("COMMON OPTIONS")));
  const std::map<std::string, std::string> entries = entries_of_man_page();
  Names all{"-h", "--help"};
  for (const CommandWords& command : command_words()) {
    CAPTURE(command.name);
    const Names options = options_of(command);
    const Names own = options_in(entries.at(command.name));
    Names named = common;
    named.insert(own.begin(), own.end());

    CHECK(includes(named, options));
    CHECK(includes(options, own));
    all.insert(options.begin(), options.end());
  }
  CHECK(includes(all, common));
}

TEST_CASE("docs/cli.md names every command") {
  const std::string page = text_of(lines_of("docs/cli.md"));
  for (const std::string& name : names_of_commands()) {
    CAPTURE(name);
    CHECK(std::regex_search(page, std::regex{"\\| .*`" + name + "[ `]"}));
  }
}

TEST_CASE("docs/cli.md has a row of options for every command, with these and no others") {
  const std::map<std::string, Names> rows = rows_of_options();
  for (const CommandWords& command : command_words()) {
    CAPTURE(command.name);
    REQUIRE(rows.contains(command.name));
    CHECK(rows.at(command.name) == options_of(command));
  }
  CHECK(rows.size() == command_words().size());
}

TEST_CASE("docs/cli.md mentions no option that does not exist") {
  Names known{"--help", "--version", "--directory"};  // the last is uv's
  for (const CommandWords& command : command_words()) {
    const Names options = options_of(command);
    known.insert(options.begin(), options.end());
  }
  const std::string page = text_of(lines_of("docs/cli.md"));
  for (const std::string& option : found_in(page, "[ `(\\[](--[a-z][a-z-]+)")) {
    CAPTURE(option);
    CHECK(known.contains(option));
  }
}
