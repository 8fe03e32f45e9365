#include "runtime/line_ring.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace mcpctl::runtime {
namespace {

constexpr std::size_t smallest = 512;

}  // namespace

void LineRing::push(std::int64_t unix_ms, Stream stream, bool continued, std::string_view text) {
  const std::size_t needed = sizeof(Header) + text.size();
  if (needed > capacity_) {
    while (count_ > 0) drop_oldest();
    ++first_sequence_;
    return;
  }
  make_room(needed);
  const Header header{unix_ms, static_cast<std::uint32_t>(text.size()), stream, continued};
  write(&header, sizeof header);
  write(text.data(), text.size());
  ++count_;
}

std::vector<Line> LineRing::since(std::uint64_t sequence, std::size_t limit) const {
  std::vector<Line> lines;
  std::size_t offset = begin_;
  for (std::uint64_t i = 0; i < count_ && lines.size() < limit; ++i) {
    Header header;
    read(offset, &header, sizeof header);
    if (first_sequence_ + i >= sequence) {
      Line line{first_sequence_ + i, header.unix_ms, header.stream, {}, header.continued};
      line.text.resize(header.length);
      read(offset + sizeof header, line.text.data(), header.length);
      lines.push_back(std::move(line));
    }
    offset += sizeof header + header.length;
  }
  return lines;
}

std::vector<Line> LineRing::tail(std::size_t count) const {
  const std::uint64_t next = next_sequence();
  return since(next > count ? next - count : 1, count);
}

void LineRing::set_capacity(std::size_t capacity) {
  capacity_ = capacity;
  while (used_ > capacity_) drop_oldest();
  if (bytes_.size() > capacity_) grow(0);
}

void LineRing::make_room(std::size_t needed) {
  while (used_ + needed > capacity_) drop_oldest();
  if (used_ + needed > bytes_.size()) grow(needed);
}

void LineRing::drop_oldest() {
  MCPCTL_ASSERT(count_ > 0);
  Header header;
  read(begin_, &header, sizeof header);
  const std::size_t size = sizeof header + header.length;
  begin_ = (begin_ + size) % bytes_.size();
  used_ -= size;
  --count_;
  ++first_sequence_;
}

void LineRing::grow(std::size_t needed) {
  std::size_t size = std::max(bytes_.size(), smallest);
  while (size < used_ + needed) size *= 2;
  std::vector<char> larger(std::min(size, std::max(capacity_, used_ + needed)));
  read(begin_, larger.data(), used_);
  bytes_ = std::move(larger);
  begin_ = 0;
}

void LineRing::write(const void* bytes, std::size_t count) {
  const char* from = static_cast<const char*>(bytes);
  const std::size_t at = (begin_ + used_) % bytes_.size();
  const std::size_t first = std::min(count, bytes_.size() - at);
  std::copy_n(from, first, bytes_.data() + at);
  std::copy_n(from + first, count - first, bytes_.data());
  used_ += count;
}

void LineRing::read(std::size_t offset, void* bytes, std::size_t count) const {
  if (count == 0) return;
  char* to = static_cast<char*>(bytes);
  const std::size_t at = offset % bytes_.size();
  const std::size_t first = std::min(count, bytes_.size() - at);
  std::copy_n(bytes_.data() + at, first, to);
  std::copy_n(bytes_.data(), count - first, to + first);
}

}  // namespace mcpctl::runtime
