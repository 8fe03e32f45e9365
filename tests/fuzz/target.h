// A parser of outside bytes under libFuzzer.  A program (a folder here) holds those
// that belong together; the first byte of an input names the one that reads the rest.
#pragma once
#include <string_view>

namespace mcpctl::fuzz {

class Target {
 public:
  /// Crashes, or aborts where a promise is broken.
  using Run = void (*)(std::string_view input);

  /// Joins the targets of this program; `letter` is its own among them.
  Target(char letter, Run run);

  /// `input` goes, without its first byte, to the target of that letter; without one
  /// to any.
  static void dispatch(std::string_view input);
};

}  // namespace mcpctl::fuzz
