// [FILE] and -c FILE of the commands that read a configuration themselves: how they
// are declared and in which order they count.  Locating and reading them is
// runtime/config_files.h's.
#pragma once
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace mcpctl::cli {

class FileArguments {
 public:
  /// Binds to this object, which must outlive the parsing.
  void declare(CLI::App& app);

  /// The argument, then each -c, in the order given; none: the usual places.
  std::vector<std::string> all() const;

 private:
  std::string argument_;
  std::vector<std::string> options_;
};

}  // namespace mcpctl::cli
