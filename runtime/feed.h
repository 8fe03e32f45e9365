// Who wants to hear of something, and how they stop hearing: a list of callbacks
// on the loop thread.  A subscriber may unsubscribe, itself included, while a
// value is being given out.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/ids.h"
#include "supervisor/state.h"
#include "supervisor/why.h"

namespace mcpctl::runtime {

/// Keeps a callback subscribed while it lives; may outlive the topic.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::move_only_function<void()> leave) : leave_(std::move(leave)) {}
  Subscription(Subscription&& other) noexcept : leave_(std::exchange(other.leave_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      leave_ = std::exchange(other.leave_, nullptr);
    }
    return *this;
  }
  ~Subscription() { reset(); }
  void reset() noexcept {
    if (leave_) std::exchange(leave_, nullptr)();
  }

 private:
  std::move_only_function<void()> leave_;
};

template <typename Value>
class Topic {
 public:
  using Callback = std::function<void(const Value&)>;

  Subscription subscribe(Callback callback) {
    const std::uint64_t key = ++subscribers_->last_key;
    subscribers_->callbacks.emplace(key, std::move(callback));
    return Subscription{[key, weak = std::weak_ptr{subscribers_}] {
      if (const auto alive = weak.lock()) alive->callbacks.erase(key);
    }};
  }

  void publish(const Value& value) {
    // Whoever subscribes meanwhile hears the next one; whoever leaves, none.
    const std::uint64_t newest = subscribers_->last_key;
    const auto alive = subscribers_;
    for (auto it = alive->callbacks.begin(); it != alive->callbacks.end();) {
      const std::uint64_t key = it->first;
      if (key > newest) break;
      const Callback callback = it->second;
      callback(value);
      it = alive->callbacks.upper_bound(key);
    }
  }

  bool has_subscribers() const { return !subscribers_->callbacks.empty(); }

 private:
  struct Subscribers {
    std::map<std::uint64_t, Callback> callbacks;
    std::uint64_t last_key{0};
  };
  // Shared only so that a Subscription may outlive the topic it came from.
  std::shared_ptr<Subscribers> subscribers_{std::make_shared<Subscribers>()};
};

/// One transition of one server.
struct Transitioned {
  std::uint64_t sequence{0};  ///< counts all transitions of the fleet from 1
  std::int64_t unix_ms{0};    ///< wall clock
  std::string server;
  std::uint32_t incarnation{0};
  supervisor::State from{};
  supervisor::State to{};
  supervisor::Why why;
  std::string why_text;  ///< redacted
  int pid{0};            ///< 0: none
};

using Feed = Topic<Transitioned>;

}  // namespace mcpctl::runtime
