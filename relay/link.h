// All clients' requests over ONE conversation with ONE server: a process incarnation
// or an HTTP session.  Made when the server's handshake is complete, gone with it.
// Gives every request an id and a progress token of its own and brings answers,
// progress and the server's own requests back to whom they belong; translates where
// client and server are of different eras.  What is not addressed to anybody is
// never shown to more than one client.
//
// Pure: takes messages, gives messages; no clock, no timeouts (see fail), no queue.
// Whatever a server or a client sends, each call gets exactly one last message,
// unless it is cancelled or forgotten.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycling.h"
#include "mcp/envelope.h"
#include "relay/abilities.h"
#include "relay/flight.h"
#include "relay/interests.h"
#include "relay/method.h"
#include "relay/output.h"
#include "relay/profile.h"
#include "relay/request.h"
#include "relay/tasks.h"
#include "relay/tool_filter.h"

namespace mcpctl::relay {

class Link {
 public:
  struct Options {
    ServerProfile server{};
    /// Ids of requests to this server; never one twice.
    std::function<std::uint64_t()> take_id{};
    /// Ids of the server's requests to clients; never one twice among all Links.
    std::function<std::uint64_t()> take_ask_id{};
    /// An unguessable string: with it, its client's principal continues the call parked
    /// under it.
    std::function<std::string()> make_token{};
    /// Our own clientInfo, a raw object, for requests of the Link's own.
    std::string client_info{R"({"name":"mcpctl","version":"0"})"};
    /// A server of one client only (share: "session"): everything of the server's
    /// that is addressed to nobody is this client's.
    struct Owner {
      DownstreamId downstream{};
      Abilities abilities{};
    };
    std::optional<Owner> owner{};
    ToolFilter tools{};    ///< others are neither listed nor called
    bool for_http{false};  ///< fill ToServer::method and name
  };

  /// `interests` outlives the Link.
  Link(Options options, Interests& interests);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// A request of a client; `call` is new.  Not for what the door answers itself:
  /// initialize, server/discover, ping, logging/setLevel.
  void call(CallId call, const Asker& asker, const Request& request);

  /// The client wants no answer any more.  The server is told, a late answer ignored.
  /// `raw_reason`: a raw string, or empty.
  void cancel(CallId call, std::string_view raw_reason);

  /// Ends the call with an error and tells the server like cancel() (timeouts, a POST
  /// that broke off).
  void fail(CallId call, int code, std::string_view why);

  /// No more of this call, without a word to anybody.
  void forget(CallId call);

  /// A client's response to the request of the server's that it got on call `about`
  /// (or on none: 0).  Anybody else's is ignored.
  void answer(CallId about, const Request& response);

  /// A client's notification; forwarded only to a server of one client.
  void notify(const Request& notification);

  /// From now on others are neither listed nor called; clients hear that the list changed.
  void show_tools(ToolFilter tools);

  /// The state of `interests` changed otherwise than through this Link.
  void follow();

  /// A message of the server's that its supervisor did not claim.  `about`: the call
  /// it belongs to, where the transport knows (the stream of a POST); 0: it does not.
  void receive(std::string_view text, const mcp::Envelope& envelope, CallId about);

  /// No answer comes to this request of the Link's own: the connection broke.
  void lost(std::uint64_t id);

  /// The conversation is over: each call in flight ends with error_code::server_gone.
  void closed(std::string_view why);
  bool is_closed() const { return is_closed_; }

  /// The call parked under `token` was not continued in time.  The shell decides when;
  /// beyond 64 parked calls the eldest goes by itself.
  void expire(std::string_view token);

  /// Nothing changes at the server when it gets this request again: see forget().
  /// `is_harmless`: the shell knows that of the tool it calls.
  bool may_repeat(CallId call, bool is_harmless = false) const;

  std::size_t in_flight() const { return calls_.size(); }

  /// Everything to be sent and told since the last call, in order.  The memory of `done`
  /// ones is used again.
  std::vector<Output> take_outputs(std::vector<Output> done = {});
  bool has_outputs() const { return !outputs_.empty(); }

 private:
  using OwnSubscribes = std::map<std::uint64_t, std::string>;  ///< uri by id at the server

  // link.cc: calls on their way to the server.
  bool is_modern() const { return options_.server.era == mcp::Era::modern; }
  Flight* find(CallId call);
  void start(CallId call, const Asker& asker, const Request& request, Method method);
  std::string addressed_to_server(const Flight& flight, const Asker& asker, const Request& request,
                                  std::string_view more_params) const;
  std::string refused_task(const Asker& asker, const Request& request, Method method) const;
  void send(const Flight& flight, const Asker& asker, const Request& request, std::string text);
  void abandon(Flight& flight, std::string_view raw_reason);
  void drop(Flight& flight);
  void withdraw_asks(Flight& flight);
  void respond(CallId call, DownstreamId downstream, std::string text,
               mcp::Kind kind = mcp::Kind::response);
  void refuse(CallId call, const Asker& asker, const Request& request, int code,
              std::string_view why);
  void end_with_error(Flight& flight, int code, std::string_view why);
  void to_server(std::string text, std::uint64_t id, CallId call, std::string_view method);

  // link_receive.cc: what the server says.
  void take_batch(std::string_view text, CallId about);
  void take_answer(std::string_view text, const mcp::Envelope& envelope, CallId about);
  void deliver_answer(Flight& flight, std::string_view text, const mcp::Envelope& envelope);
  std::string addressed_to_client(const Flight& flight, std::string_view text,
                                  const mcp::Envelope& envelope) const;
  void note_task(const Flight& flight, std::string_view text, const mcp::Envelope& envelope);
  void hold_task(const Flight& flight, std::string_view text, const mcp::Envelope& envelope);
  void take_notification(std::string_view text, const mcp::Envelope& envelope, CallId about);
  void take_progress(std::string_view text, const mcp::Envelope& envelope);
  void take_log(std::string_view text, const mcp::Envelope& envelope, CallId about);
  void take_task_status(std::string_view text, const mcp::Envelope& envelope);
  void lay_ghosts(std::uint64_t answered);
  Flight* on_stream(CallId about);
  Flight* only_holder();
  Flight* addressee(CallId about);

  // link_ask.cc: what the server asks of clients.
  void take_request(std::string_view text, const mcp::Envelope& envelope, CallId about);
  void ask(Flight& flight, std::string_view text, const mcp::Envelope& envelope, Method method);
  void ask_owner(std::string_view text, const mcp::Envelope& envelope, Method method);
  void decline(std::string_view raw_id, int code, std::string_view why);
  void withdraw(std::string_view raw_request_id);
  void park(Flight& flight);
  void resume(CallId call, const Asker& asker, const Request& request, Method method);
  void gather_input(Flight& flight, std::string_view text, const mcp::Envelope& envelope);
  void take_input(Flight& flight, Ask& ask, const Request& response);
  void retry(Flight& flight);

  // link_follow.cc: what all clients together want to hear of.
  void listen(CallId call, const Asker& asker, const Request& request);
  void subscribe(CallId call, const Asker& asker, const Request& request);
  void unsubscribe(CallId call, const Asker& asker, const Request& request);
  void subscribe_answered(const Flight& flight, bool accepted);
  void follow_resources(const Wanted& wanted);
  void follow_listen(const Wanted& wanted);
  void follow_log_level(int level);
  void acknowledge();
  bool take_own_answer(std::uint64_t id, std::string_view text, const mcp::Envelope& envelope);
  void take_listening(std::string_view text, const mcp::Envelope& envelope);
  bool listen_ended(std::uint64_t id, bool is_refused);
  void renew_listen();
  void subscription_settled(OwnSubscribes::iterator subscribed, bool accepted);
  Wanted offered(Wanted wanted) const;

  Options options_;
  Interests& interests_;
  std::string server_info_;  ///< the member of _meta that names the server; empty: unknown
  bool is_closed_{false};
  RecyclingMap<std::uint64_t, Flight> flights_;     ///< by the id at the server
  RecyclingHashMap<std::uint64_t, Flight*> calls_;  ///< by CallId; parked ones have none
  std::map<std::string, Flight*, std::less<>> parked_;
  std::vector<Ask> owner_asks_;  ///< on no call
  TaskOwners tasks_;
  /// The only client that has ever called, if it is a legacy session.
  DownstreamId only_session_{};
  bool was_called_{false};
  std::uint64_t last_sent_{0};  ///< the highest id of a request, our own included
  /// A request that the server may still speak of, though no call waits for it: one
  /// that was cancelled, until the server has read that, or one of our own.
  struct Ghost {
    std::uint64_t id;
    std::uint64_t last_sent;  ///< an answer to a later request lays it
    DownstreamId downstream;
  };
  std::vector<Ghost> ghosts_;

  /// What the server was told, what it has answered, what it granted.
  Wanted told_, settled_, granted_;
  int told_level_{-1};
  OwnSubscribes own_subscribes_;
  struct Listen {
    std::uint64_t id{0};
    Wanted wanted{};
  };
  Listen listen_;                ///< the newest subscriptions/listen
  std::uint64_t old_listen_{0};  ///< serves until the newest is acknowledged
  std::vector<Output> outputs_;
};

}  // namespace mcpctl::relay
