#include "house_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <regex>
#include <utility>

namespace mcpctl::tidy {

namespace {

/// One offence per line that `pattern` is found in.
Offences matches(const SourceFile& file, const std::regex& pattern, const std::string& what) {
  Offences found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(file.lines[i], match, pattern)) {
      found.push_back({file.path, i + 1, what + ": " + match.str()});
    }
  }
  return found;
}

/// Columns as an editor counts them: code points, not bytes.
std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

}  // namespace

bool SourceFile::is_header() const { return path.ends_with(".h"); }

bool SourceFile::is_code() const { return is_header() || path.ends_with(".cc"); }

bool SourceFile::is_product() const {
  return is_code() && !path.starts_with("tests/") && !path.starts_with("examples/") &&
         !path.starts_with("bench/");
}

SourceFile source_file(std::string path, std::string_view text) {
  SourceFile file{std::move(path), {}};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    file.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return file;
}

Offences no_tabs_or_trailing_spaces(const SourceFile& file) {
  Offences found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (line.find('\t') != std::string::npos) found.push_back({file.path, i + 1, "a tab"});
    if (line.ends_with(' ')) found.push_back({file.path, i + 1, "a trailing space"});
    if (line.ends_with('\r')) found.push_back({file.path, i + 1, "a carriage return"});
  }
  return found;
}

// The words are spelled in two halves, so that this file obeys its own rules.

Offences no_marks_of_unfinished_work(const SourceFile& file) {
  static const std::regex mark{
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK)\\b"};
  return matches(file, mark, "unfinished work");
}

Offences no_paths_of_one_machine(const SourceFile& file) {
  static const std::regex path{
      "(^|[^A-Za-z0-9_.~/}-])/(work"
      "space|work"
      "|builds)/[A-Za-z0-9_]"};
  return matches(file, path, "a path of one machine");
}

Offences at_most_100_columns(const SourceFile& file) {
  Offences found;
  if (!file.is_code()) return found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::size_t width = columns(file.lines[i]);
    // An address cannot be broken in two.
    const bool unbreakable = file.lines[i].find("://") != std::string::npos;
    if (width > 100 && !unbreakable) {
      found.push_back({file.path, i + 1, std::to_string(width) + " columns"});
    }
  }
  return found;
}

Offences no_empty_names(const SourceFile& file) {
  static const std::regex type{
      "\\b(class|struct|enum class|namespace)\\s+\\w*(Mana"
      "ger|Hel"
      "per|Ut"
      "ils?|Im"
      "pl)\\b"};
  static const std::regex stem{
      "(mana"
      "ger|hel"
      "per|ut"
      "ils?|common|misc)s?\\.(h|cc)$"};
  if (!file.is_code()) return {};
  Offences found = matches(file, type, "a name that says nothing");
  if (std::regex_search(file.path, stem)) {
    found.push_back({file.path, 1, "a file name that says nothing"});
  }
  return found;
}

Offences headers_introduce_themselves(const SourceFile& file) {
  if (!file.is_header()) return {};
  const auto first_code = std::ranges::find_if(
      file.lines, [](const std::string& line) { return !line.starts_with("//"); });
  Offences found;
  if (first_code == file.lines.begin()) found.push_back({file.path, 1, "no opening comment"});
  if (first_code == file.lines.end() || *first_code != "#pragma once") {
    const auto line = static_cast<std::size_t>(first_code - file.lines.begin()) + 1;
    found.push_back({file.path, line, "no #pragma once after the opening comment"});
  }
  return found;
}

Offences headers_open_no_namespace(const SourceFile& file) {
  static const std::regex directive{R"(^\s*using\s+namespace\s)"};
  if (!file.is_header() || file.path.starts_with("tests/")) return {};
  return matches(file, directive, "every includer inherits it");
}

Offences at_most_450_lines(const SourceFile& file) {
  struct Exception {
    std::string_view path;
    std::size_t limit;
    std::string_view reason;
  };
  static constexpr std::array<Exception, 0> exceptions{};
  if (!file.is_product()) return {};
  const auto* exception = std::ranges::find(exceptions, file.path, &Exception::path);
  const bool excepted = exception != exceptions.end();
  const std::size_t limit = excepted ? exception->limit : 450;
  const std::string lines = std::to_string(file.lines.size()) + " lines";
  if (file.lines.size() > limit) {
    return {{file.path, limit, lines + ": did two concepts meet?"}};
  }
  if (excepted && file.lines.size() <= 450) {
    return {{file.path, 1, lines + ": no longer needs its exception"}};
  }
  return {};
}

Offences unit_tests_never_sleep(const SourceFile& file) {
  static const std::regex call{R"(\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\()"};
  if (!file.path.starts_with("tests/unit/") || !file.path.ends_with("_test.cc")) return {};
  return matches(file, call, "wait for the event instead");
}

Offences lock_files_name_no_host(const SourceFile& file) {
  static const std::regex resolved{R"x("resolved"\s*:\s*"https?://[^"]*")x"};
  if (!file.path.ends_with("package-lock.json")) return {};
  return matches(file, resolved, "npm config set omit-lockfile-registry-resolved true");
}

}  // namespace mcpctl::tidy
