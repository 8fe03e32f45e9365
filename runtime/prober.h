// Finds out for one incarnation of one server whether it is ready and whether it
// still lives: performs what health::Readiness and health::Liveness decide, over
// the server's own conversation or by checks from outside.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "health/line_pattern.h"
#include "health/liveness.h"
#include "health/notification.h"
#include "health/readiness.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "mcp/framing.h"
#include "runtime/check_runner.h"
#include "runtime/conversation.h"
#include "runtime/http_transport.h"
#include "runtime/pings.h"

namespace mcpctl::runtime {

/// What one incarnation teaches about the next.
struct ProtocolMemory {
  bool skip_discover{false};
};

class Prober {
 public:
  struct Callbacks {
    std::function<void()> on_ready;
    std::function<void()> on_failing;
    std::function<void()> on_recovered;
    std::function<void()> on_lost;
    /// A line for the server's stdin, without its newline.
    std::function<void(std::string_view)> write;
    /// Whether the server has not read yet what was written last.
    std::function<bool()> is_unread;
    /// For the server's log.
    std::function<void(const std::string&)> note;
    /// The handshake is complete, over HTTP perhaps anew.
    std::function<void(const mcp::Profile&)> on_opened;
    /// A message over stdio that the client did not claim; whether somebody took it.
    std::function<bool(std::string_view, const mcp::Envelope&)> relay;
  };

  /// `server` has its port filled in and outlives the prober.  `target` says how to
  /// check from outside, when that is needed.  `chance` spreads the probes of many
  /// servers.
  /// With `relays`, clients' requests will share its conversation over stdio: then it
  /// declares what they may be able to do, or introduces `client`, which outlives the
  /// prober, as the only one; null: there is none.
  Prober(loop::Loop& loop, TreeWatch& trees, const config::Server& server,
         std::function<CheckTarget()> target, ProtocolMemory& memory, std::uint64_t chance,
         bool relays, const mcp::Introduction* client, Callbacks callbacks);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void prove_readiness();
  void watch_health();
  /// Ends both; the conversation goes on listening, so that a server that asks
  /// something while it shuts down still gets its answer.
  void leave_alone();
  /// New liveness settings for a running server.
  void reconfigure(const config::Liveness& liveness);
  /// An operator's question, see Pings: when there is a conversation, which may be soon.
  /// Forgotten after `within`, and with the prober.
  void ping(Duration within, OnPong done);

  // What the process says.
  void heard_stdout(std::string_view bytes);
  void heard_line(std::string_view line);
  void notified(const health::Notification& notification);
  void notified_ready();
  void in_flight(unsigned count);
  /// We ourselves did not run for `gap`.
  void paused(Duration gap);

  /// nullptr for what speaks no MCP, or before the first handshake over HTTP.
  const mcp::Client* client() const;
  /// An id for somebody else's request on the conversation.  Only after on_opened.
  std::uint64_t take_id() { return conversation_->take_id(); }
  std::uint64_t overlong_lines() const { return overlong_lines_; }
  /// Why the last attempt to find it ready failed; empty if none did.
  const std::string& last_failure() const { return last_failure_; }

 private:
  void open_conversation();
  void hear(std::string_view message);
  void hear_over_http(std::string_view message);
  void request_failed(std::uint64_t id, const std::string& why, bool unsent);
  void send_pings();
  void told(const mcp::Output& output);
  void sent_by_client(const mcp::Send& message);
  void prove(const health::ReadinessEvent& evidence);
  void feed(const health::ReadinessEvent& event);
  void feed(const health::LivenessEvent& event);
  void perform(const health::ReadinessAction& action);
  void perform(const health::LivenessAction& action);
  void begin_try(const health::BeginCheck& check);
  void begin_check(const health::BeginCheck& check);
  void probe_failed(const mcp::ProbeFailed& failure);
  void handshake_again();
  void handshake_ended(bool succeeded);
  void judge(const health::Judge& judge);
  void check_from_outside(const health::BeginCheck& check, std::uint16_t port,
                          const std::string& path, const std::vector<std::string>& command,
                          CheckRunner::Done done);
  bool over_http() const;
  bool is_open() const;

  loop::Loop& loop_;
  TreeWatch& trees_;
  const config::Server& server_;
  std::function<CheckTarget()> target_;
  ProtocolMemory& memory_;
  std::uint64_t chance_;
  bool relays_;
  const mcp::Introduction* client_;
  Callbacks callbacks_;

  health::Readiness readiness_;
  std::optional<health::Liveness> liveness_;
  loop::Timer readiness_timer_;
  std::optional<loop::Timer> liveness_timer_;
  std::optional<loop::Timer>
      rehandshake_timer_;  ///< begins it outside the conversation it replaces
  bool rehandshaking_{false};
  std::optional<health::LinePattern> pattern_;
  std::optional<CheckRunner> runner_;
  bool proving_{false};
  std::optional<health::ReadinessEvent> early_;  ///< evidence from before the proof began
  bool watching_{false};
  bool left_alone_{false};

  mcp::LineFramer framer_;
  std::optional<HttpTransport> http_;
  std::optional<Conversation> conversation_;
  struct Unsent {
    Instant until;
    OnPong done;
  };
  std::vector<Unsent> unsent_pings_;  ///< until there is a conversation
  Pings pings_;
  health::CheckId try_;    ///< the handshake over HTTP that runs
  health::CheckId check_;  ///< the probe that runs
  std::string last_failure_;
  std::uint64_t overlong_lines_{0};
};

}  // namespace mcpctl::runtime
