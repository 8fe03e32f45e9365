// Reads single values out of JSON text without building a tree.  Only for text
// that scan() has accepted: nothing is validated a second time.  Other text gives
// wrong answers, never a read outside of it.  "Raw" is a value as it stands in
// the text, with its quotes and escapes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mcpctl::mcp {

/// Goes through the members of an object, in order.
class RawObject {
 public:
  /// An `object` that is none has no members.
  explicit RawObject(std::string_view object);

  struct Member {
    std::string_view key;    ///< raw, with quotes
    std::string_view value;  ///< raw
  };
  std::optional<Member> next();

 private:
  std::string_view rest_;
};

/// Goes through the elements of an array, in order.
class RawArray {
 public:
  /// An `array` that is none has no elements.
  explicit RawArray(std::string_view array);
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

/// The raw value of the first member of `object` named `key`; empty if there is
/// none or `object` is none.
std::string_view member(std::string_view object, std::string_view key);

/// The text of a raw string, escapes resolved, UTF-8; nothing for another type.
std::optional<std::string> string_value(std::string_view raw);

/// Whether `raw` is a string that reads `text` once its escapes are resolved.
bool is_string(std::string_view raw, std::string_view text);

/// The value of a raw number written as an integer that fits; else nothing.
std::optional<std::int64_t> integer_value(std::string_view raw);

}  // namespace mcpctl::mcp
