#include "mcp/framing.h"

#include <algorithm>

#include "base/assert.h"

namespace mcpctl::mcp {
namespace {

/// A buffer that grew beyond this is given back: one large message must not be
/// paid for by an idle server for ever.
constexpr std::size_t keep_capacity = 4096;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

}  // namespace

void put_on_one_line(std::string& message, std::size_t begin) {
  // A reader in text mode takes a carriage return for a line end, too.
  for (const char end : {'\n', '\r'}) {
    for (std::size_t at = begin; (at = message.find(end, at)) != message.npos; ++at) {
      message[at] = ' ';
    }
  }
}

void LineFramer::feed(std::string_view chunk) {
  MCPCTL_ASSERT(chunk_.empty());
  chunk_ = chunk;
}

std::optional<LineFramer::Frame> LineFramer::next() {
  release();
  while (!chunk_.empty()) {
    const std::size_t end = chunk_.find('\n');
    if (end == chunk_.npos) {
      hold(chunk_);
      chunk_ = {};
      return std::nullopt;
    }
    const std::string_view tail = chunk_.substr(0, end);
    chunk_.remove_prefix(end + 1);
    if (auto frame = close_line(tail)) return frame;
  }
  return std::nullopt;
}

std::optional<LineFramer::Frame> LineFramer::finish() {
  MCPCTL_ASSERT(chunk_.empty());
  release();
  return close_line({});
}

std::optional<LineFramer::Frame> LineFramer::close_line(std::string_view tail) {
  std::string_view line = tail;
  if (skipping_ || !held_.empty()) {
    hold(tail);
    line = held_;
    release_due_ = true;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (skipping_ || line.size() > cap_) {
    const std::uint64_t size = skipping_ ? skipped_ : line.size();
    skipping_ = false;
    skipped_ = 0;
    return Frame{{}, size, true};
  }
  if (is_blank(line)) {
    release();
    return std::nullopt;
  }
  return Frame{line, line.size(), false};
}

void LineFramer::hold(std::string_view tail) {
  // One byte beyond the cap, for the '\r' that may belong to the line's ending.
  if (!skipping_ && held_.size() + tail.size() > cap_ + 1) {
    skipping_ = true;
    skipped_ = held_.size();
    held_ = std::string{};
  }
  if (skipping_) {
    skipped_ += tail.size();
    return;
  }
  const std::size_t needed = held_.size() + tail.size();
  if (needed > held_.capacity()) {
    held_.reserve(std::max(needed, std::min(2 * held_.capacity(), cap_ + 1)));
  }
  held_ += tail;
}

void LineFramer::release() {
  if (!release_due_) return;
  release_due_ = false;
  if (held_.capacity() > keep_capacity) {
    held_ = std::string{};
  } else {
    held_.clear();
  }
}

}  // namespace mcpctl::mcp
