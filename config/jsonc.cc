#include "config/jsonc.h"

#include <algorithm>
#include <numeric>

#include "config/jsonc_scanner.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

class Parser : private JsoncScanner {
 public:
  explicit Parser(std::string_view text) : JsoncScanner(text) {}

  Document run();

 private:
  std::size_t line_of(std::size_t offset) const;
  bool separate(char close, Span open, Span previous);
  Node value(std::size_t depth);
  void object(Node& node, std::size_t depth);
  bool key(Member& member);
  void array(Node& node, std::size_t depth);
  void find_duplicates(const Node& node);

  std::size_t values_{0};
};

std::size_t Parser::line_of(std::size_t offset) const {
  const auto end = text_.begin() + static_cast<std::ptrdiff_t>(offset);
  return 1 + static_cast<std::size_t>(std::count(text_.begin(), end, '\n'));
}

/// After an element: steps over the comma; false at the closing bracket (which
/// is consumed) and when there is no way on.
bool Parser::separate(char close, Span open, Span previous) {
  skip_space();
  if (gave_up_) return false;
  if (sees(close)) {
    ++at_;
    return false;
  }
  if (at_end()) {
    give_up(open, std::string{"this \""} + text_[open.begin] + "\" is never closed",
            std::string{"add the missing \""} + close + "\"");
    return false;
  }
  if (!sees(',')) {
    if (starts_value()) {
      const Span gap{previous.end, std::min(previous.end + 1, text_.size())};
      fault(gap, "a comma is missing here", "put \",\" between the two");
      return !gave_up_;
    }
    if (sees(close == '}' ? ']' : '}')) {
      give_up({at_, at_ + 1}, std::string{"expected \""} + close + "\" for the \"" +
                                  text_[open.begin] + "\" of line " +
                                  std::to_string(line_of(open.begin)) + ", found " + found());
    } else {
      expected(std::string{"\",\" or \""} + close + "\"");
    }
    return false;
  }
  ++at_;
  for (skip_space(); sees(','); skip_space()) {
    fault({at_, at_ + 1}, "a value is missing between the commas", "remove one comma");
    if (gave_up_) return false;
    ++at_;
  }
  if (sees(close)) {
    ++at_;
    return false;
  }
  return !gave_up_;
}

Node Parser::value(std::size_t depth) {
  Node node;
  skip_space();
  node.span = {at_, at_};
  if (gave_up_) return node;
  if (depth > max_document_depth) {
    give_up({at_, at_ + 1}, "nested deeper than " + std::to_string(max_document_depth) + " levels");
    return node;
  }
  if (++values_ > max_document_values) {
    give_up({at_, at_ + 1}, "more than " + std::to_string(max_document_values) + " values");
    return node;
  }
  const char c = peek();
  if (c == '{') {
    object(node, depth);
  } else if (c == '[') {
    array(node, depth);
  } else if (!at_end() && (c == '"' || c == '\'')) {
    string(node, c);
  } else if (c == '-' || c == '+' || (c == '.' && !at_end()) || (!at_end() && is_word_byte(c))) {
    number_or_word(node);
  } else {
    expected("a value");
  }
  node.span.end = gave_up_ ? std::max(understood_, node.span.begin) : at_;
  return node;
}

void Parser::object(Node& node, std::size_t depth) {
  node.type = Node::Type::object;
  const Span open{at_, at_ + 1};
  ++at_;
  skip_space();
  if (sees('}')) {
    ++at_;
    return;
  }
  while (!gave_up_) {
    skip_space();
    if (at_end() && !gave_up_) {
      give_up(open, "this \"{\" is never closed", "add the missing \"}\"");
      return;
    }
    Member member;
    if (!key(member)) return;
    member.value = value(depth + 1);
    const Span last = member.value.span;
    node.members.push_back(std::move(member));
    if (gave_up_ || !separate('}', open, last)) break;
  }
  find_duplicates(node);
}

/// Reads `"key" :`; false when there is none.
bool Parser::key(Member& member) {
  Node name;
  name.span = {at_, at_};
  if (sees('"') || sees('\'')) {
    string(name, peek());
  } else if (!at_end() && is_word_byte(peek())) {
    while (!at_end() && (is_word_byte(peek()) || peek() == '-')) ++at_;
    name.text = to_valid_utf8(text_.substr(name.span.begin, at_ - name.span.begin));
    fault({name.span.begin, at_}, "a key must stand in double quotes",
          "write \"" + name.text + "\"");
  } else {
    expected("a key in double quotes");
  }
  if (gave_up_) return false;
  member.key_span = {name.span.begin, at_};
  member.key = std::move(name.text);
  skip_space();
  if (sees('=')) {
    fault({at_, at_ + 1}, "expected \":\" after the key, found \"=\"");
    ++at_;
    return !gave_up_;
  }
  if (!sees(':')) {
    if (!gave_up_) expected("\":\" after the key");
    return false;
  }
  ++at_;
  return true;
}

void Parser::array(Node& node, std::size_t depth) {
  node.type = Node::Type::array;
  const Span open{at_, at_ + 1};
  ++at_;
  skip_space();
  if (sees(']')) {
    ++at_;
    return;
  }
  while (!gave_up_) {
    skip_space();
    if (at_end() && !gave_up_) {
      give_up(open, "this \"[\" is never closed", "add the missing \"]\"");
      return;
    }
    node.items.push_back(value(depth + 1));
    if (gave_up_ || !separate(']', open, node.items.back().span)) return;
  }
}

void Parser::find_duplicates(const Node& node) {
  std::vector<std::size_t> order(node.members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int by_key = node.members[a].key.compare(node.members[b].key);
    return by_key != 0 ? by_key < 0 : a < b;
  });
  std::size_t first = 0;
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Member& earlier = node.members[order[first]];
    const Member& later = node.members[order[i]];
    if (earlier.key != later.key) {
      first = i;
      continue;
    }
    fault(later.key_span, "duplicate key " + in_quotes(later.key) + "; the first stands in line " +
                              std::to_string(line_of(earlier.key_span.begin)));
  }
}

Document Parser::run() {
  Document document;
  if (text_.size() > max_document_bytes) {
    give_up({0, 0}, "the file is larger than 16 MiB");
  } else {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    skip_space();
    if (at_end()) {
      give_up({0, 0}, "the file is empty", "start with {\"mcpServers\": {}}");
    }
    document.root = value(0);
    skip_space();
    if (!at_end()) give_up({at_, at_ + 1}, "unexpected text after the end of the document");
  }
  document.complete = !gave_up_;
  document.read_to = gave_up_ ? understood_ : text_.size();
  std::sort(faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) {
    return a.at.begin != b.at.begin ? a.at.begin < b.at.begin : a.message < b.message;
  });
  document.faults = std::move(faults_);
  return document;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string_view describe(Node::Type type) {
  switch (type) {
    case Node::Type::invalid: return "something unreadable";
    case Node::Type::null: return "null";
    case Node::Type::boolean: return "a boolean";
    case Node::Type::number: return "a number";
    case Node::Type::string: return "a string";
    case Node::Type::array: return "an array";
    case Node::Type::object: return "an object";
  }
  return "";
}

Document parse_jsonc(std::string_view text) { return Parser{text}.run(); }

}  // namespace mcpctl::config
