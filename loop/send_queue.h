// Bytes that wait for a descriptor to take them: appended at the back, written
// from the front, without moving the rest for every write.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mcpctl::loop {

class SendQueue {
 public:
  bool empty() const noexcept { return sent_ == bytes_.size(); }
  std::size_t size() const noexcept { return bytes_.size() - sent_; }
  std::string_view front() const noexcept { return std::string_view{bytes_}.substr(sent_); }
  void append(std::string_view more) { bytes_.append(more); }

  void pop(std::size_t count) noexcept {
    sent_ += count;
    if (empty()) {
      clear();
    } else if (sent_ >= 64 * 1024 && sent_ >= bytes_.size() / 2) {
      bytes_.erase(0, sent_);
      sent_ = 0;
    }
  }

  /// Gives back the memory of a burst, so that an idle peer costs none.
  void clear() noexcept {
    sent_ = 0;
    if (bytes_.capacity() > 4096) {
      std::string{}.swap(bytes_);
    } else {
      bytes_.clear();
    }
  }

 private:
  std::string bytes_;
  std::size_t sent_{0};
};

}  // namespace mcpctl::loop
