// One supervised server behind the door.  Takes clients' requests whenever they come,
// lets them wait in a bounded queue while the server cannot take them, sends them over
// a relay::Link, and answers what cannot be answered with a typed error.  Its clients
// stay while the server's incarnations come and go.
//
// Never starts or stops a server: a lazy one is told to be needed, no more.  Lives as
// long as the door, or as the one session that a process belongs to; without a channel
// (a server that a reload removed) it answers every request with an error.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/mirrored_params.h"
#include "gateway/numbers.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "relay/interests.h"
#include "relay/link.h"
#include "relay/list_watch.h"
#include "relay/profile.h"
#include "relay/request.h"
#include "runtime/channel.h"
#include "runtime/supervisor.h"
#include "runtime/traffic.h"

namespace mcpctl::gateway {

class ListStore;
class OwnProcesses;

class Upstream {
 public:
  Upstream(loop::Loop& loop, runtime::Supervisor& supervisor, std::string name, Numbers& numbers);
  /// Its clients and their calls must be gone.
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// The server is part of the fleet (again).
  void attach(runtime::Channel& channel);
  bool is_attached() const;
  /// No process can be had, and requests are refused with `why`, until attach().
  void turn_away(std::string why) { turned_away_ = std::move(why); }
  /// From another process on, if any: for the one client, none of whose requests may be
  /// under way.
  void detach();
  /// What the server lists is known while it sleeps, also to the next supervisor.  Before
  /// attach(); borrowed.
  void keep_lists(ListStore& store) { list_store_ = &store; }
  /// Requests of clients wait here or at the server.
  bool is_busy() const { return !calls_.empty(); }
  const config::Server& config() const;

  /// Calls `changed` from the loop when the server joined or left the fleet, is gone or
  /// there again, or another conversation with it began.
  void watch(std::function<void()> changed) { watcher_ = std::move(changed); }
  /// It has failed or was stopped: no request waits for it.
  bool is_gone() const { return !why_never().empty(); }
  /// Counts the conversations, up to the current or last one.
  std::uint64_t conversation() const { return conversation_; }

  void describe(loop::Callback<Result<relay::ServerProfile>> done);
  /// As the configuration has it: among those who share the server's process, or as a
  /// session with a process of its own.
  std::unique_ptr<Downstream> connect(relay::Asker asker, DownstreamSink& sink);
  /// Among those who share it, in any case.
  std::unique_ptr<Downstream> join(relay::Asker asker, DownstreamSink& sink);
  /// As the only one: what the server addresses to nobody is this client's.
  std::unique_ptr<Downstream> own(relay::Asker asker, DownstreamSink& sink);

 private:
  class Peer;
  class Seat;
  class Ticket;
  friend class Peer;
  friend class Seat;
  friend class Ticket;
  struct Curious {
    loop::Callback<Result<relay::ServerProfile>> done;
    Instant until;
  };
  /// A call that waits at the server for its client to continue it.
  struct Parked {
    std::string token;
    Instant until;
    Peer* at;
  };
  /// A server's question on its way through a client.
  struct Asked {
    relay::CallId about;
    relay::DownstreamId downstream;
    Peer* by;
  };

  // upstream.cc: clients and their calls.
  std::unique_ptr<Call> call(Seat& seat, relay::Request&& request, CallSink& sink);
  void cancel(Ticket& ticket, std::string_view raw_reason, runtime::CancelledBy by);
  void lives_on(Ticket& ticket);
  void leave(Seat& seat);
  bool can_send() const;
  void admit(Ticket& ticket);
  void admit_waiting();
  void hold_back(std::optional<loop::Timer>& reason, Duration at_most);
  void send(Ticket& ticket);
  bool calls_harmless_tool(const Ticket& ticket) const;
  std::optional<Refusal> mismatch(const Ticket& ticket) const;
  void refuse(Ticket& ticket, int code, runtime::UpstreamError kind, const std::string& why);
  void end_with_error(const Ticket& ticket, std::string text);
  void answer_later(relay::ToClient message);
  void fail_waiting(const std::string& why);
  std::string error_text(const Ticket& ticket, int code, const std::string& why) const;
  void wake(Instant when);
  void time_passed();
  void expire(Ticket& ticket, Instant now);
  void fail(Peer& peer, relay::CallId call, int code, runtime::UpstreamError kind,
            const std::string& why);

  // upstream_link.cc: the conversation.
  void on_change();
  void changed();
  void follow_channel();
  void see_off_former();
  void follow_on(runtime::Channel& successor);
  std::string why_never() const;
  void open_link(Peer& peer, const mcp::Profile& profile);
  void close_link(Peer& peer, const std::string& why);
  bool may_repeat(const Ticket& ticket) const;
  void repeat(Ticket& ticket);
  void connection_broke(Peer& peer, relay::CallId call, const std::string& why);
  void tell_curious();
  void carry_out(Peer& peer, bool at_once);
  void carry_out(Peer& peer, relay::Output& output, bool at_once);
  void deliver(relay::ToClient&& message);
  void to_server(Peer& peer, relay::ToServer&& message);
  void show_load();
  void count(const Ticket& ticket, runtime::Outcome outcome);

  // upstream_lists.cc: whether the server lists what it listed before.
  void open_lists(std::function<std::uint64_t()> take_id);
  void ask_lists();
  bool take_list(const Peer& peer, std::string_view text, const mcp::Envelope& envelope);
  bool keeps_lists() const;
  void recall_lists();
  void store_lists();
  bool answer_from_memory(const Ticket& ticket);
  void list_changed(const relay::Heard& heard);
  void news_missed();
  void answer_lost(Peer& peer, std::uint64_t id);
  void ask_lists_soon();
  void begin_to_learn_tools();
  void learn_tools(std::string_view response);
  bool learns_tools_first(const Ticket& ticket);

  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  std::string name_;
  Numbers& numbers_;
  runtime::ServerTraffic& traffic_;  ///< of all processes of the server
  std::uint64_t shown_waiting_{0};   ///< in traffic_, ours
  std::uint64_t shown_in_flight_{0};

  relay::Interests interests_;
  relay::ListWatch lists_;   ///< of the conversation with now_
  MirroredParams mirrored_;  ///< the same
  /// Its tools are learnt, or were asked for; or no call can depend on that.
  bool tools_asked_{true};
  ListStore* list_store_{nullptr};
  std::string known_as_;             ///< the configuration whose lists are known
  std::uint64_t stored_changes_{0};  ///< of lists_, as far as list_store_ knows them
  std::unique_ptr<Peer> now_;        ///< who takes requests; always there, if without a channel
  /// Replaced; they only end what they have begun.
  std::vector<std::unique_ptr<Peer>> former_;
  std::optional<relay::ServerProfile> profile_;  ///< of the last incarnation that had one

  std::unique_ptr<OwnProcesses> own_processes_;  ///< once somebody got one
  std::optional<relay::Link::Options::Owner> owner_;
  std::optional<mcp::Introduction> introduction_;  ///< of the owner
  std::string turned_away_;                        ///< why; empty: they are not
  std::map<relay::DownstreamId, Seat*> seats_;
  RecyclingHashMap<std::uint64_t, Ticket*> calls_;  ///< by CallId
  std::deque<Ticket*> waiting_;
  std::map<std::uint64_t, Asked> asked_;  ///< by the id that the client was given
  std::uint64_t conversation_{0};
  std::function<void()> watcher_;
  std::vector<Curious> curious_;
  std::deque<Parked> parked_;  ///< and some that were continued; oldest first
  std::vector<relay::ToClient> later_;
  bool later_posted_{false};
  bool change_posted_{false};
  loop::Timer timer_;
  loop::Timer http_retry_;
  loop::Timer lists_again_;  ///< armed: a list has changed, or its news were missed
  Duration lists_pause_{};
  // While they are there, nothing is sent.
  std::optional<loop::Timer> breather_;  ///< an HTTP connection broke just now
  std::optional<loop::Timer> learning_;  ///< a call needs what the server's list of tools says
  // Shared with what waits in the loop's inbox, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
