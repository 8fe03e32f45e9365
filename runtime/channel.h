// One supervised server as those see it who relay clients to it (gateway/): whether
// traffic may flow, what the server said of itself, its messages that are not for the
// supervisor, and a way to its stdin.  Never starts, stops or configures anything:
// the most that it can say is that the server is needed, and how busy it is.
//
// Owned by the server's Instance; everything happens on the loop thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "config/config.h"
#include "loop/loop.h"
#include "loop/pipe_writer.h"
#include "loop/timer.h"
#include "mcp/client.h"
#include "mcp/envelope.h"
#include "supervisor/events.h"
#include "supervisor/state.h"

namespace mcpctl::runtime {

class Channel;

/// Who relays over a channel.  Called from the loop, never from inside the channel's
/// own functions; must not destroy the server.
class ChannelListener {
 public:
  /// state(), profile() or config() may have changed.
  virtual void on_change() noexcept = 0;
  /// A message of the server's that is not for the supervisor.  False: nobody takes it;
  /// a request is then refused at once.
  virtual bool on_message(std::string_view text, const mcp::Envelope& envelope) noexcept = 0;
  /// is_writable() is true again.
  virtual void on_writable() noexcept = 0;
  /// The server goes on in another process, which is ready at `successor`.  This channel
  /// lives until what is in flight is answered, or late, and takes nothing new.
  virtual void on_succeeded(Channel& successor) noexcept = 0;
  /// The server has left the fleet: the channel ends with this call.
  virtual void on_removed() noexcept = 0;

 protected:
  ~ChannelListener() = default;
};

class Channel {
 public:
  /// What the instance lends to its channel.
  struct Wires {
    /// To the process's stdin, whole lines.
    std::function<loop::Written(std::string_view)> write;
    std::function<std::size_t()> queued;
    std::function<std::uint64_t()> take_id;
    std::function<void(supervisor::Event)> report;
    std::function<void(unsigned)> busy;  ///< for the prober: busy is not hung
    std::function<bool(std::string_view)> is_harmless;
  };

  Channel(loop::Loop& loop, Wires wires);
  /// Tells the listener that the server was removed.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // ---- for who relays

  /// At most one; null: nobody any more.
  void listen(ChannelListener* listener) { listener_ = listener; }

  supervisor::State state() const { return state_; }
  const std::string& why() const { return why_; }  ///< of the state, redacted
  Incarnation incarnation() const { return incarnation_; }
  /// As configured now, and as the current (or last) incarnation runs: its port filled in.
  const config::Server& config() const { return *config_; }
  const config::Server& running() const { return *running_; }

  /// The server has shaken hands and lives: what is in flight may be answered.  Null
  /// before, and once the incarnation is on its way down.
  const mcp::Profile* profile() const;
  /// New requests may be sent.
  bool is_ready() const;

  /// One message to the server's stdin, as one line.  Messages of one turn of the loop leave
  /// in one write, a burst's of two turns.  False, and nothing is sent, while is_writable()
  /// is false, over HTTP, and for what is longer than longest_message.
  bool send(std::string_view message);
  /// The server reads as fast as we write, more or less.
  bool is_writable() const;
  static constexpr std::size_t longest_message = 15u << 20;  ///< bytes

  /// An id for a request on the supervisor's own conversation.  Only while profile().
  std::uint64_t take_id() { return wires_.take_id(); }

  /// As far as its tools are known, the server says that calling this one twice does no
  /// more than calling it once.
  bool is_harmless(std::string_view tool) const { return wires_.is_harmless(tool); }

  /// A lazy server is needed now.
  void demand();
  /// How many requests wait for the server's answer: keeps a lazy one awake, an
  /// operator's stop waiting, and the health probes patient.
  void set_in_flight(unsigned count);

  // ---- for the instance

  void configured(const config::Server& wanted, const config::Server& running);
  void spawned(Incarnation incarnation);
  void opened(mcp::Profile profile);
  void entered(supervisor::State state, std::string why);
  bool heard(std::string_view text, const mcp::Envelope& envelope);
  void drained();
  void succeeded_by(Channel& successor);
  /// Writes what was collected: before stdin is closed.
  void flush();

 private:
  void flush_soon();
  void tell_in_flight();

  loop::Loop& loop_;
  Wires wires_;
  ChannelListener* listener_{nullptr};
  const config::Server* config_{nullptr};
  const config::Server* running_{nullptr};
  supervisor::State state_{supervisor::State::stopped};
  std::string why_;
  Incarnation incarnation_;
  std::optional<mcp::Profile> profile_;
  std::string unsent_;  ///< whole lines
  unsigned unsent_lines_{0};
  bool flush_posted_{false};
  unsigned in_flight_{0};
  unsigned told_in_flight_{0};
  std::optional<loop::Timer> quiet_;  ///< until nothing in flight is worth telling
  // Shared with what waits in the loop's inbox, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::runtime
