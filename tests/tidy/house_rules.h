// The rules of this house that no compiler checks, each a function over one file's
// text.  Nothing here touches the disk: the walk over the tree, and the samples that
// prove each rule can fail, stand in house_rules_test.cc.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::tidy {

struct SourceFile {
  std::string path;  ///< relative to the repository, with '/'
  std::vector<std::string> lines;

  bool is_code() const;
  bool is_header() const;
  bool is_product() const;  ///< code that ships: not tests/, examples/, bench/
};

/// `text` cut at its newlines; a last line without one counts as a line.
SourceFile source_file(std::string path, std::string_view text);

/// What is wrong and where; lines count from 1.
struct Offence {
  std::string path;
  std::size_t line{0};
  std::string what;
};

using Offences = std::vector<Offence>;
using Rule = Offences (*)(const SourceFile&);

/// Every text file.
Offences no_tabs_or_trailing_spaces(const SourceFile& file);
Offences no_marks_of_unfinished_work(const SourceFile& file);
Offences no_paths_of_one_machine(const SourceFile& file);

/// .h and .cc.
Offences at_most_100_columns(const SourceFile& file);
Offences no_empty_names(const SourceFile& file);

/// .h: `#pragma once` after an opening comment; no `using namespace`, but for the
/// vocabulary of a folder of tests.
Offences headers_introduce_themselves(const SourceFile& file);
Offences headers_open_no_namespace(const SourceFile& file);

/// What ships: one asks at 400 lines whether two concepts met, and answers at 450.
Offences at_most_450_lines(const SourceFile& file);

/// tests/unit: time is an argument there.  A fixture (a header) may poll for what
/// the kernel does not announce, with a deadline; a test may not.
Offences unit_tests_never_sleep(const SourceFile& file);

/// package-lock.json: names and hashes, but no host that only some machines reach.
Offences lock_files_name_no_host(const SourceFile& file);

}  // namespace mcpctl::tidy
