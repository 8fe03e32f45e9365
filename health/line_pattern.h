// Recognises the log line by which a server says that it is ready.  Compiled once
// per configuration; a server cannot make a match expensive, however it writes.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::health {

class LinePattern {
 public:
  /// Bytes of a line that are searched; the rest is ignored.
  static constexpr std::size_t searched = 2048;

  /// `expression`: ECMAScript syntax, as std::regex reads it.
  static Result<LinePattern> compile(const std::string& expression);

  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;
  ~LinePattern();

  /// Whether the expression is found anywhere in `line`.  False too when the
  /// search is given up for its cost.
  bool matches(std::string_view line) const noexcept;

 private:
  struct Compiled;  // keeps <regex> out of everybody's compilation
  explicit LinePattern(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace mcpctl::health
