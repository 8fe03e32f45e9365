// JSON with comments and trailing commas, as people write it by hand, into a tree
// that remembers where everything stood.  Ours, because nlohmann/json keeps no
// positions, stops at the first error and refuses trailing commas; a test and a
// fuzz target hold the two against each other.  Pure; borrows nothing.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::config {

/// Bytes [begin, end) of the text.
struct Span {
  std::size_t begin{0};
  std::size_t end{0};
  friend bool operator==(const Span&, const Span&) = default;
};

struct Member;

struct Node {
  /// invalid: something unreadable stood here; a Fault already says so.
  enum class Type { invalid, null, boolean, number, string, array, object };
  Type type{Type::invalid};
  Span span;
  bool boolean{false};
  std::string text;  ///< string: decoded, valid UTF-8; number: as written
  std::vector<Node> items;
  std::vector<Member> members;  ///< in file order; of duplicates, all

  /// The value of the first member `key` of an object, else null.
  const Node* find(std::string_view key) const;
};

struct Member {
  std::string key;
  Span key_span;
  Node value;
};

/// "an object", "a number", …: for "expected …, found …".
std::string_view describe(Node::Type type);

/// One syntax error.  `message` and `suggestion` quote no value of the text.
struct Fault {
  Span at;
  std::string message;
  std::string suggestion;
};

struct Document {
  Node root;
  std::vector<Fault> faults;  ///< by position; empty: the text is fine
  /// How far the text was understood.  Short of its end only after an error that
  /// leaves no sensible way on; the tree then lacks what follows.
  std::size_t read_to{0};
  bool complete{true};
};

inline constexpr std::size_t max_document_bytes = 16u << 20;
inline constexpr std::size_t max_document_depth = 128;
inline constexpr std::size_t max_document_values = 1'000'000;

/// RFC 8259, plus // and /* */ comments, trailing commas and a leading BOM.
/// Strings must be UTF-8 and escapes well formed (no lone surrogate).  Duplicate keys are faults.
/// Slips such as a missing comma are reported and stepped over.
Document parse_jsonc(std::string_view text);

}  // namespace mcpctl::config
