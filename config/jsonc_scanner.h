// The lower half of the JSONC parser: characters, comments, strings, numbers, and
// the faults found in them.  jsonc.cc builds the tree on it; nobody else includes it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/jsonc.h"

namespace mcpctl::config {

/// A byte of a bare word: letters, digits, '_', '$' and all beyond ASCII.
bool is_word_byte(char c);

class JsoncScanner {
 protected:
  explicit JsoncScanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool sees(char c) const { return !at_end() && text_[at_] == c; }
  bool starts_value() const;
  /// What stands here, for "expected …, found …".
  std::string found() const;

  void fault(Span at, std::string message, std::string suggestion = {});
  /// A fault after which nothing that follows can be trusted; moves to the end.
  void give_up(Span at, std::string message, std::string suggestion = {});
  void expected(std::string_view what);

  void skip_space();
  void string(Node& node, char quote);
  void number_or_word(Node& node);

  std::string_view text_;
  std::size_t at_{0};
  bool gave_up_{false};
  std::size_t understood_{0};  ///< where we gave up
  std::vector<Fault> faults_;

 private:
  void skip_comment();
  void escape(std::string& into);
  void unicode_escape(std::string& into, std::size_t begin);
  int hex4();
};

}  // namespace mcpctl::config
