#include "relay/edits.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/assert.h"

namespace mcpctl::relay {

Digits::Digits(std::uint64_t value) {
  const auto end = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
  length_ = static_cast<std::size_t>(end - text_.data());
}

Edits& Edits::replace(mcp::Span where, std::string_view with) {
  add(where, with);
  return *this;
}

Edits& Edits::prepend(mcp::Span object, std::string_view members) {
  if (members.empty()) return *this;
  add({object.offset + 1, 0}, members);
  const std::size_t next = text_.find_first_not_of(" \t\r\n", object.offset + 1);
  if (next != text_.npos && text_[next] != '}') add({object.offset + 1, 0}, ",");
  return *this;
}

Edits& Edits::remove(mcp::Span value) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t colon = text_.rfind(':', value.offset - 1);
  const std::size_t last_quote = text_.rfind('"', colon);
  std::size_t start = text_.rfind('"', last_quote - 1);
  // One behind an odd number of backslashes belongs to the name.
  while ((start - text_.find_last_not_of('\\', start - 1)) % 2 == 0) {
    start = text_.rfind('"', start - 1);
  }
  std::size_t end = value.offset + value.length;
  const std::size_t before = text_.find_last_not_of(space, start - 1);
  if (text_[before] == ',') {
    start = before;
  } else if (const std::size_t after = text_.find_first_not_of(space, end); text_[after] == ',') {
    end = after + 1;
  }
  add({start, end - start}, {});
  return *this;
}

Edits& Edits::append(std::string_view member) {
  add({text_.rfind('}'), 0}, member);
  return *this;
}

void Edits::add(mcp::Span where, std::string_view with) {
  MCPCTL_ASSERT(count_ < capacity);
  std::size_t at = count_++;
  for (; at > 0 && edits_[at - 1].where.offset > where.offset; --at) edits_[at] = edits_[at - 1];
  edits_[at] = {where, with};
}

std::string Edits::apply() { return mcp::splice(text_, std::span{edits_.data(), count_}); }

}  // namespace mcpctl::relay
