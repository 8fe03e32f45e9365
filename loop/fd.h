// Owns one file descriptor and closes it exactly once.  Every descriptor of ours
// lives in an Fd; a plain int is borrowed and never closed by who received it.
#pragma once
#include <unistd.h>

#include <utility>

namespace mcpctl::loop {

class [[nodiscard]] Fd {
 public:
  Fd() = default;
  /// Takes ownership of `number`; negative means none.
  explicit Fd(int number) noexcept : number_(number) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  /// The descriptor, borrowed; -1 when there is none.
  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

  /// Gives the descriptor away: the caller closes it.
  int release() noexcept { return std::exchange(number_, -1); }

  /// Closes what is owned and takes `number` instead.  EINTR is not retried: on
  /// Linux the descriptor is gone even then (close(2)).
  void reset(int number = -1) noexcept {
    const int old = std::exchange(number_, number);
    if (old >= 0) ::close(old);
  }

 private:
  int number_{-1};
};

}  // namespace mcpctl::loop
