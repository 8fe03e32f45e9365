// Where a head ends, told from its raw bytes alone: a second opinion beside llhttp's.
// For http/ only.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mcpctl::http {

/// Follows the raw bytes of a head, apart from llhttp: counts them, finds their
/// end and sees folded lines, which llhttp joins without telling (RFC 9112 §5.2).
class HeadScan {
 public:
  enum class Found { nothing, end, fold, overflow };

  explicit HeadScan(std::size_t limit) : limit_(limit) {}

  /// Sets `used` to the bytes up to and including what was found.
  Found scan(std::string_view bytes, std::size_t& used) noexcept {
    for (used = 0; used < bytes.size();) {
      if (!line_is_empty_) {  // nothing but its end matters
        const std::size_t rest = std::min(bytes.find('\n', used), bytes.size()) - used;
        if (rest > limit_ - count_) {
          used += limit_ - count_ + 1;
          return Found::overflow;
        }
        count_ += rest;
        used += rest;
        if (used == bytes.size()) break;
      }
      const char c = bytes[used++];
      if (++count_ > limit_) return Found::overflow;
      if (c == '\n') {
        if (line_is_empty_ && any_line_) return Found::end;
        line_is_empty_ = true;
      } else if (c != '\r') {
        if (line_is_empty_ && any_line_ && (c == ' ' || c == '\t')) return Found::fold;
        line_is_empty_ = false;
        any_line_ = true;
      }
    }
    return Found::nothing;
  }

  bool is_begun() const noexcept { return count_ > 0; }

 private:
  std::size_t limit_;
  std::size_t count_{0};
  bool line_is_empty_{true};
  bool any_line_{false};  // empty lines before the start line are skipped (RFC 9112 §2.2)
};

}  // namespace mcpctl::http
