#include "runtime/line_ring.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace mcpctl::runtime {
namespace {

constexpr std::size_t smallest = 128;

}  // namespace

void LineRing::push(std::int64_t unix_ms, Stream stream, bool continued, std::string_view text) {
  std::size_t lines = count_lines(text);
  if (sizeof(Header) + text.size() > capacity_) {
    forget_all();
    first_sequence_ += lines;
    if (capacity_ <= sizeof(Header)) return;
    const std::size_t room = capacity_ - sizeof(Header);
    const std::size_t newline = text.find('\n', text.size() - room - 1);
    if (newline == std::string_view::npos) return;
    text.remove_prefix(newline + 1);
    lines = count_lines(text);
    first_sequence_ -= lines;
  }
  make_room(sizeof(Header) + text.size());
  const Header header{unix_ms, static_cast<std::uint32_t>(text.size()),
                      static_cast<std::uint32_t>(lines), stream, continued};
  write(&header, sizeof header);
  write(text.data(), text.size());
  count_ += lines;
}

std::vector<Line> LineRing::since(std::uint64_t sequence, std::size_t limit) const {
  std::vector<Line> lines;
  std::string text;
  std::uint64_t first = first_sequence_;
  for (std::size_t passed = 0; passed < used_ && lines.size() < limit;) {
    Header header;
    read(begin_ + passed, &header, sizeof header);
    if (first + header.lines > sequence) {
      text.resize(header.length);
      read(begin_ + passed + sizeof header, text.data(), header.length);
      for_each_line({first, header.unix_ms, header.stream, text, header.continued},
                    [&](const Line& line) {
                      if (line.sequence >= sequence && lines.size() < limit) lines.push_back(line);
                    });
    }
    first += header.lines;
    passed += sizeof header + header.length;
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

void LineRing::forget_all() {
  first_sequence_ += std::exchange(count_, 0);
  used_ = 0;
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
  count_ -= header.lines;
  first_sequence_ += header.lines;
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
