// Key presses from the bytes that a terminal sends for them (ECMA-48 control
// sequences, as xterm and its kin write them).  Pure and incremental: any split of the
// bytes gives the same keys, and no bytes can make it grow or fail.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::cli {

struct Key {
  enum class Kind {
    character,  ///< `text` is one printable UTF-8 character
    enter,
    escape,
    backspace,
    tab,
    up,
    down,
    left,
    right,
    home,
    end,
    page_up,
    page_down,
    interrupt,  ///< Ctrl-C
    redraw,     ///< Ctrl-L
    other       ///< a key, but none that we use
  };
  Kind kind{Kind::other};
  std::string text{};

  bool is(std::string_view character) const { return kind == Kind::character && text == character; }
  friend bool operator==(const Key&, const Key&) = default;
};

class KeyDecoder {
 public:
  std::vector<Key> feed(std::string_view bytes);

  /// What came so far may be a key, or the beginning of a longer one.
  bool is_undecided() const { return !pending_.empty(); }
  /// Nothing followed in time: it was the key, if it is one.
  std::vector<Key> settle();

  /// No sequence that we know is longer; a longer one is `other`.
  static constexpr std::size_t longest = 32;

 private:
  static std::size_t decode(std::string_view bytes, std::vector<Key>& keys);
  std::string pending_;
};

}  // namespace mcpctl::cli
