// The supervisor's own conversation with one MCP server in one incarnation: finds
// out which era it speaks, shakes hands, learns its tools, probes it.  Pure: takes
// messages and the time, gives messages to send and events.  Knows no transport:
// over stdio a message is a line, over HTTP a POST and its answer.  Never relays
// anybody else's traffic, but leaves it to who does (Receipt::unclaimed).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "mcp/envelope.h"
#include "mcp/message.h"
#include "mcp/version.h"

namespace mcpctl::mcp {

/// The round trips that can prove life.
enum class Probe : unsigned char { ping, discover, tools_list };
std::string_view name(Probe probe);  ///< "ping", "server/discover", "tools/list"

/// One tool, as much of it as is kept: a change of anything in it changes the
/// digest (FNV-1a of its JSON text).
struct Tool {
  std::string name;  ///< printable, at most 128 bytes
  std::uint64_t digest{0};
  bool is_harmless{false};  ///< says that calling it twice is as calling it once
  friend bool operator==(const Tool&, const Tool&) = default;
};

/// What the server says of itself.  Self-reported, printable, bounded; never a
/// ground for a security decision.
struct Identity {
  std::string name;
  std::string title;
  std::string version;
  std::string capabilities;            ///< raw JSON object; empty: unknown or above 16 KiB
  std::size_t instructions_length{0};  ///< bytes
  std::string_view protocol_version;   ///< static storage; empty before the handshake
  Era era{Era::unknown};
};

/// What the server said of itself in the handshake, for whoever speaks for it to
/// others: raw JSON values as they stood; empty: it said nothing.
struct Profile {
  Era era{Era::unknown};
  std::string_view revision;  ///< static storage
  std::string server_info;
  std::string capabilities;
  std::string instructions;
};

/// Send `text` to the server, as one message.  Over HTTP, `method` and
/// `protocol_version` are the values of Mcp-Method and MCP-Protocol-Version.
struct Send {
  std::string text;
  std::string_view method;            ///< static storage; empty for a response
  std::uint64_t id{0};                ///< of a request; 0: nothing will be answered
  std::string_view protocol_version;  ///< static storage; empty: no header (initialize)
};
/// The handshake is complete: the server is ready.  identity() is filled.
struct HandshakeCompleted {};
/// No handshake is possible with this server; says why.
struct HandshakeFailed {
  std::string why;
};
/// tools() is new.  truncated: the server has more than we count.
struct ToolsListed {
  std::size_t count;
  bool changed;
  bool truncated;
};
/// tools() is as it was.
struct ToolListFailed {
  std::string why;
};
/// `probe` is the one that was really sent (see Client::probe).
struct ProbeAnswered {
  Probe probe;
  Duration round_trip;
};
struct ProbeFailed {
  Probe probe;
  std::string why;
};
/// The server wrote something that is no message for us.  Sent for the first 16
/// of an incarnation, then whenever `count` has doubled.
struct NoiseSeen {
  std::uint64_t count;  ///< so far
  std::string why;
  std::string excerpt;  ///< printable, at most 200 bytes
};
using Output = std::variant<Send, HandshakeCompleted, HandshakeFailed, ToolsListed, ToolListFailed,
                            ProbeAnswered, ProbeFailed, NoiseSeen>;

/// What became of a message handed to receive().
enum class Receipt : unsigned char {
  taken,      ///< it was for us: an answer to a request of ours, or a request we answered
  unclaimed,  ///< an answer that is not ours (late, or a relay's), any notification, or a
              ///< request that a declared capability allows: see Options::capabilities
  noise,      ///< no message at all; counted
};

class Client {
 public:
  struct Options {
    ClientInfo client{"0"};
    /// Begin with `initialize`.  For a server whose last incarnation was legacy,
    /// or died or stayed silent on server/discover (see skip_discover_next_time).
    bool skip_discover{false};
    /// Silence on server/discover, once it is read, after which `initialize` is sent as well.
    Duration discover_timeout{2'000};
    Duration tools_timeout{30'000};  ///< for each page of tools/list
    /// What `initialize` declares: a raw JSON object of static storage.  Declared is
    /// what somebody else answers: then requests are left unclaimed, except for ping.
    std::string_view capabilities{"{}"};
    /// Who is introduced in place of us and these: the client for which alone the server
    /// runs.  Borrowed; null: nobody.
    const Introduction* client_of_its_own{nullptr};
    bool keep_profile{false};  ///< for profile()
  };

  explicit Client(Options options) : options_(options) {}

  /// Sends the first message.  Once.
  void begin(Instant now);

  /// One message from the server: a line of stdio, a body or SSE event of HTTP.
  Receipt receive(std::string_view message, Instant now);
  /// The same for who has scanned it already.
  Receipt receive(const Envelope& envelope, std::string_view message, Instant now);

  /// Answers a request that was left unclaimed and that nobody takes.
  void refuse(const Envelope& request, std::string_view message);

  /// The transport learnt that request `id` will never be answered (an HTTP error
  /// without a JSON-RPC body).  Counts as an error answer; but `unsent`, not even seen
  /// by the server (connection refused), says nothing of its era: the handshake fails.
  void request_failed(std::uint64_t id, std::string_view why, Instant now, bool unsent = false);

  /// When poll() has something to do next; nothing while the client waits for
  /// nothing.  The handshake as a whole has no deadline here: the start timeout
  /// is the lifecycle's.
  std::optional<Instant> next_deadline() const;
  /// `unread`: the server has not taken yet what it was sent.  It still loads, or npx
  /// still fetches it, and its silence on server/discover says nothing so far.
  void poll(Instant now, bool unread = false);

  /// We ourselves did not run for `gap`: deadlines move, nobody timed out.
  void paused(Duration gap);

  /// Starts a probe; its end is one ProbeAnswered or ProbeFailed.  Any answer, an
  /// error too, proves life.  A ping is replaced where it proves nothing: by
  /// server/discover on a modern server (and the other way round on a legacy
  /// one), by tools/list on a server that is known not to answer pings.  False,
  /// and nothing is sent, before the handshake or while a probe is in flight.
  bool probe(Probe wanted, Duration timeout, Instant now);
  /// Forgets the probe in flight, without an event.
  void abandon_probe();

  /// Everything to be sent and told since the last call, in order.
  std::vector<Output> take_outputs();
  bool has_outputs() const { return !outputs_.empty(); }

  const Identity& identity() const { return identity_; }
  /// Empty before the handshake, and without Options::keep_profile.
  const Profile& profile() const { return profile_; }
  const std::vector<Tool>& tools() const { return tools_; }
  bool is_ready() const { return phase_ == Phase::ready; }
  std::uint64_t noise() const { return noise_; }
  /// This server answers tools/list but let a ping time out.
  bool ping_unanswered() const { return ping_unanswered_; }

  /// What the next incarnation should do about Options::skip_discover: true after a
  /// legacy handshake, unless the server was only too slow to prove modern; true also
  /// when this one has not answered server/discover in any way: some servers exit
  /// or fall silent when the first message is not `initialize`.
  bool skip_discover_next_time() const;

  /// An id for somebody else's request on the same connection; never one of ours.
  std::uint64_t take_id() { return ++last_id_; }

 private:
  enum class Phase : unsigned char { fresh, probing_era, ready, failed };
  /// A request of ours on its way.  id 0: none.
  struct Pending {
    std::uint64_t id{0};
    Instant sent{};
    std::optional<Instant> deadline;
    explicit operator bool() const { return id != 0; }
  };
  /// A modern answer that came when `initialize` was on its way already.
  struct LateModern {
    Revision revision;
    std::string result;  ///< until the handshake is complete
  };
  struct Listing;
  struct DropListing {
    void operator()(Listing* listing) const noexcept;
  };

  void send_request(Pending& slot, std::string text, std::string_view method, Instant now,
                    std::optional<Duration> timeout);
  void send_discover(Instant now);
  void send_initialize(Instant now);
  void send_tools_list(const std::optional<std::string>& cursor, Instant now);

  Receipt take_batch(std::string_view batch, Instant now);
  Receipt take_request(const Envelope& envelope, std::string_view message);
  Receipt take_answer(const Envelope& envelope, std::string_view message, Instant now);
  Pending* find_pending(const Envelope& envelope, std::string_view message);

  void discovered(std::string_view result, Instant now);
  void discover_refused(std::string_view error, Instant now);
  void choose_revision(std::string_view supported, std::string_view result, Instant now);
  void modern_agreed(const Revision& revision, std::string_view result, Instant now);
  void settle_for_modern(Instant now);
  void initialized(std::string_view result, Instant now);
  void initialize_refused(std::string why, Instant now);
  /// After server/discover was sent: at whether it is read.
  Duration first_look() const { return options_.discover_timeout / 8; }
  void discover_unanswered(bool unread, Instant now);
  void fall_back(Instant now);
  void complete_handshake(const Revision& revision, std::string_view result,
                          std::string_view server_info, Instant now);
  void fail_handshake(std::string why);

  void start_listing(Instant now);
  void tools_changed(Instant now);
  void take_tools_page(std::string_view result, Instant now);
  void finish_listing(bool truncated, Instant now);
  void listing_failed(std::string why, Instant now);
  void end_listing(Instant now);

  void probe_answered(Instant now);
  void probe_failed(std::string why);
  void record_noise(std::string_view message, std::string_view why);

  Options options_;
  Phase phase_{Phase::fresh};
  Probe probe_{Probe::ping};  ///< the one in flight, or the last
  bool initialize_sent_{false};
  bool discover_sent_{false};
  bool discover_read_{false};      ///< the server has taken it, when we last looked
  bool discover_answered_{false};  ///< in whatever way
  bool list_again_{false};         ///< the list changed while we were listing it
  bool ping_timed_out_{false};     ///< and no ping was answered since
  bool ping_unanswered_{false};
  std::uint64_t last_id_{0};
  std::uint64_t lapsed_ping_{0};  ///< id of the ping that timed out
  std::uint64_t noise_{0};
  Pending discover_, initialize_, tools_request_, probe_request_;
  std::optional<Instant> tools_due_;  ///< of a listing that waits for quiet
  Instant listed_at_{};
  Duration list_spacing_{1'000};
  std::string initialize_error_;
  std::optional<LateModern> late_modern_;
  std::unique_ptr<Listing, DropListing> listing_;  ///< while listing only
  Identity identity_;
  Profile profile_;
  std::vector<Tool> tools_;
  std::vector<Output> outputs_;
};

}  // namespace mcpctl::mcp
