#include "mcp/splice.h"

#include "base/assert.h"

namespace mcpctl::mcp {

std::string splice(std::string_view text, std::span<const Replacement> replacements) {
  std::size_t size = text.size();
  for (const Replacement& r : replacements) size += r.with.size();
  std::string out;
  out.reserve(size);
  std::size_t copied = 0;
  for (const Replacement& r : replacements) {
    MCPCTL_ASSERT(r.where.offset >= copied && r.where.offset <= text.size());
    MCPCTL_ASSERT(r.where.length <= text.size() - r.where.offset);
    out += text.substr(copied, r.where.offset - copied);
    out += r.with;
    copied = r.where.offset + r.where.length;
  }
  out += text.substr(copied);
  return out;
}

std::string splice(std::string_view text, Span where, std::string_view with) {
  const Replacement one{where, with};
  return splice(text, {&one, 1});
}

}  // namespace mcpctl::mcp
