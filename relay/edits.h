// The few places in which a relayed message differs from the one that came, noted
// in any order and made at once.  All other bytes stay what they were: the order of
// members, the precision of numbers, escapes, spaces.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mcp/splice.h"

namespace mcpctl::relay {

/// A number as JSON text, without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t value);
  operator std::string_view() const { return {text_.data(), length_}; }  // NOLINT

 private:
  std::array<char, 20> text_;
  std::size_t length_;
};

/// Borrows `text` and every string handed in until apply().
class Edits {
 public:
  explicit Edits(std::string_view text) : text_(text) {}

  Edits& replace(mcp::Span where, std::string_view with);
  /// `members` is text such as `"a":1,"b":2`.  It goes to the front of `object`, which
  /// must stand in the text; once per object.
  Edits& prepend(mcp::Span object, std::string_view members);
  /// The member of an object that has this value goes, with the comma beside it.
  Edits& remove(mcp::Span value);
  /// Appends to the message itself, before its last brace.
  Edits& append(std::string_view member);

  std::string apply();

 private:
  static constexpr std::size_t capacity = 8;
  void add(mcp::Span where, std::string_view with);

  std::string_view text_;
  std::array<mcp::Replacement, capacity> edits_{};
  std::size_t count_{0};
};

}  // namespace mcpctl::relay
