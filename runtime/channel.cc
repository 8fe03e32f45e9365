#include "runtime/channel.h"

#include <utility>

#include "mcp/framing.h"

namespace mcpctl::runtime {
namespace {

using supervisor::State;

/// What may wait for a server that does not read.  With the longest message still
/// within the pipe's queue (runtime/process.cc), so that the probes fit, too.
constexpr std::size_t unread_cap = 512u << 10;
/// A burst's memory that is kept for the next one.
constexpr std::size_t kept_unsent = 64u << 10;
/// More than one message in a turn is the beginning of a burst: its clients are at it, and
/// more of them will be ready.  A write costs more than any message in it, for it wakes the
/// server up; so a burst waits for one more look, unless it is of this many.
constexpr unsigned burst_begin = 2;
constexpr unsigned burst_enough = 8;
/// Between two requests of a busy client the server is not called idle.
constexpr Duration quiet_time{50};

}  // namespace

Channel::Channel(loop::Loop& loop, Wires wires) : loop_(loop), wires_(std::move(wires)) {}

Channel::~Channel() {
  if (listener_ != nullptr) listener_->on_removed();
}

// ---- for who relays

const mcp::Profile* Channel::profile() const {
  const bool lives =
      state_ == State::ready || state_ == State::degraded || state_ == State::draining;
  return lives && profile_ ? &*profile_ : nullptr;
}

bool Channel::is_ready() const { return state_ == State::ready && profile_; }

bool Channel::is_writable() const { return unsent_.size() + wires_.queued() < unread_cap; }

bool Channel::send(std::string_view message) {
  if (!is_writable() || message.size() > longest_message) return false;
  const std::size_t begin = unsent_.size();
  unsent_ += message;
  mcp::put_on_one_line(unsent_, begin);  // a client may write it on several
  unsent_ += '\n';
  ++unsent_lines_;
  if (std::exchange(flush_posted_, true)) return true;
  loop_.post([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) flush_soon();
  });
  return true;
}

void Channel::flush_soon() {
  if (unsent_lines_ < burst_begin || unsent_lines_ >= burst_enough) return flush();
  loop_.post_after_poll([this, alive = std::weak_ptr{alive_}] {
    if (!alive.expired()) flush();
  });
}

void Channel::flush() {
  flush_posted_ = false;
  unsent_lines_ = 0;
  if (unsent_.empty()) return;
  wires_.write(unsent_);  // `full` is excluded by unread_cap; `closed`: its exit is near
  unsent_.clear();
  if (unsent_.capacity() > kept_unsent) std::string{}.swap(unsent_);
}

void Channel::demand() { wires_.report(supervisor::Demanded{}); }

void Channel::set_in_flight(unsigned count) {
  in_flight_ = count;
  if ((count > 0) == (told_in_flight_ > 0)) return;
  // Every pause between two requests would be news otherwise.
  if (count > 0 || state_ == State::draining) return tell_in_flight();
  if (!quiet_) quiet_.emplace(loop_);
  if (!quiet_->is_armed()) quiet_->arm(quiet_time, [this] { tell_in_flight(); });
}

void Channel::tell_in_flight() {
  if ((in_flight_ > 0) == (told_in_flight_ > 0)) return;
  told_in_flight_ = in_flight_;
  wires_.busy(in_flight_);
  wires_.report(supervisor::TrafficChanged{incarnation_, in_flight_});
}

// ---- for the instance

void Channel::configured(const config::Server& wanted, const config::Server& running) {
  config_ = &wanted;
  running_ = &running;
  if (listener_ != nullptr) listener_->on_change();
}

void Channel::spawned(Incarnation incarnation) {
  incarnation_ = incarnation;
  profile_.reset();
  unsent_.clear();
  unsent_lines_ = 0;
  in_flight_ = told_in_flight_ = 0;
}

void Channel::opened(mcp::Profile profile) {
  profile_ = std::move(profile);
  if (listener_ != nullptr) listener_->on_change();
}

void Channel::entered(State state, std::string why) {
  state_ = state;
  why_ = std::move(why);
  if (state == State::draining && in_flight_ == 0) tell_in_flight();
  if (listener_ != nullptr) listener_->on_change();
}

bool Channel::heard(std::string_view text, const mcp::Envelope& envelope) {
  return listener_ != nullptr && listener_->on_message(text, envelope);
}

void Channel::succeeded_by(Channel& successor) {
  if (listener_ != nullptr) listener_->on_succeeded(successor);
}

void Channel::drained() {
  if (listener_ != nullptr && is_writable()) listener_->on_writable();
}

}  // namespace mcpctl::runtime
