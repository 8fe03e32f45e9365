// What a run did, as a digest that two compilers must agree on and, on demand, as
// text for the one who has to understand a failing seed.
#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace mcpctl::sim {

/// An invariant does not hold; thrown by whoever finds out, caught per seed.
struct Violation {
  std::string what;
};

class Trace {
 public:
  explicit Trace(bool keeps_text) : keeps_text_(keeps_text) {}

  template <std::integral... Numbers>
  void fold(Numbers... numbers) {
    (fold_one(static_cast<std::uint64_t>(numbers)), ...);
  }
  void fold(std::string_view text) {
    for (const char c : text) fold_one(static_cast<unsigned char>(c));
  }

  /// Ask before composing a line: hundreds of thousands of runs keep none.
  bool keeps_text() const { return keeps_text_; }
  void line(Instant now, const std::string& text) {
    lines_.push_back(std::to_string(now.since_start.count()) + "ms  " + text);
  }

  std::uint64_t digest() const { return digest_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  /// FNV-1a, a word at a time, with a shift so that high bits reach low ones.
  void fold_one(std::uint64_t word) {
    digest_ = (digest_ ^ word) * 0x00000100000001b3u;
    digest_ ^= digest_ >> 32;
  }

  std::uint64_t digest_{0xcbf29ce484222325u};
  bool keeps_text_;
  std::vector<std::string> lines_;
};

}  // namespace mcpctl::sim
