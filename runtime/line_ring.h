// The last lines of one server in a bounded piece of memory, which is taken as it
// is needed and not before: a thousand quiet servers cost next to nothing.  Kept by
// the block, as they came: they are cut into lines when somebody reads them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/line.h"

namespace mcpctl::runtime {

class LineRing {
 public:
  /// `capacity` bytes, a few of them per block for its time and stream.
  explicit LineRing(std::size_t capacity) : capacity_(capacity) {}

  /// Keeps a block of lines (see LineBlock); the oldest blocks make room.  Of one that
  /// is larger than the ring itself the last lines are kept, and all are counted.
  void push(std::int64_t unix_ms, Stream stream, bool continued, std::string_view text);

  /// Lines from `sequence` on that are still here, at most `limit`, oldest first.
  std::vector<Line> since(std::uint64_t sequence, std::size_t limit) const;
  std::vector<Line> tail(std::size_t count) const;

  std::uint64_t next_sequence() const { return first_sequence_ + count_; }

  /// Smaller: the oldest lines go.
  void set_capacity(std::size_t capacity);

 private:
  struct Header {
    std::int64_t unix_ms;
    std::uint32_t length;
    std::uint32_t lines;
    Stream stream;
    bool continued;
  };

  void forget_all();
  void make_room(std::size_t needed);
  void drop_oldest();
  void grow(std::size_t needed);
  void write(const void* bytes, std::size_t count);
  void read(std::size_t offset, void* bytes, std::size_t count) const;

  std::size_t capacity_;
  std::vector<char> bytes_;  ///< a circle
  std::size_t begin_{0};     ///< offset of the oldest header
  std::size_t used_{0};
  std::uint64_t first_sequence_{1};
  std::uint64_t count_{0};  ///< of lines
};

}  // namespace mcpctl::runtime
