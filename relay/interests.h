// What the clients of one server want beyond their calls: news of lists, of single
// resources, log messages.  Survives the server's incarnations: each new Link is
// made with it and tells its server anew.  Knows no server; a Link sees to it that
// the server serves the sum of all wishes.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "relay/held_tasks.h"
#include "relay/output.h"
#include "relay/request.h"

namespace mcpctl::relay {

/// RFC 5424, as MCP names the levels: 0 is debug, 7 is emergency.  -1: no level.
int log_level_of(std::string_view name);
std::string_view log_level_name(int level);  ///< static storage; "" for none

/// What one client, or all together, want to hear of.
struct Wanted {
  bool tools{false};
  bool prompts{false};
  bool resources{false};
  std::set<std::string, std::less<>> uris{};
  std::set<std::string, std::less<>> tasks{};  ///< their ids (task_extension.h)

  bool covers(const Wanted& other) const;
  bool empty() const { return !tools && !prompts && !resources && uris.empty() && tasks.empty(); }
  friend bool operator==(const Wanted&, const Wanted&) = default;
};

/// `notifications` of subscriptions/listen, a raw object.
Wanted read_filter(std::string_view notifications);
std::string write_filter(const Wanted& wanted);

/// What the client of a subscriptions/listen with this id is granted.
std::string acknowledged_message(std::string_view raw_id, const Wanted& granted);

/// The notification in the server's own words, or in ours.
std::string words_of(const Heard& heard);

class Interests {
 public:
  /// A legacy session hears of every change of a list, without asking.
  void join(DownstreamId session);
  /// And all that was its own is gone, listeners too.
  void leave(DownstreamId downstream);

  void set_log_level(DownstreamId session, std::string_view level);

  /// Reference counted by (session, uri).
  void subscribe(DownstreamId session, std::string_view uri);
  /// True if nobody is left who wants it.
  bool unsubscribe(DownstreamId session, std::string_view uri);

  /// A modern client's subscriptions/listen: open until dropped or ended.
  void listen(CallId call, DownstreamId downstream, std::string_view raw_id, Wanted wanted);
  bool drop(CallId listener);  ///< false: it is none

  /// Acknowledges each listener not yet acknowledged whose wishes are all `settled`,
  /// with the part of them that is `granted`.
  std::vector<ToClient> acknowledge(const Wanted& settled, const Wanted& granted);

  /// The server is gone for good: every listener gets its result.
  std::vector<ToClient> end_listeners();

  /// The sum of all wishes.  The level is the most verbose one; -1: nobody said.
  Wanted wanted() const;
  int log_level() const;
  int log_level(DownstreamId session) const;

  /// Who hears it, in words of their era.
  std::vector<ToClient> deliver(const Heard& heard) const;

  /// A task of a legacy server, which goes with the server's process: who asks for it
  /// then hears so.  The eldest of many are forgotten.
  void made_task(DownstreamId session, std::string id);
  bool has_made_task(DownstreamId session, std::string_view id) const;

  /// Whose the server's tasks are: it may keep them from one incarnation to the next.
  HeldTasks& tasks() { return tasks_; }

 private:
  struct Session {
    bool joined{false};
    int log_level{-1};
    std::set<std::string, std::less<>> uris;
    std::vector<std::string> tasks;
  };
  struct Listener {
    DownstreamId downstream;
    std::string raw_id;
    Wanted wanted;
    bool acknowledged{false};
  };

  std::map<DownstreamId, Session> sessions_;
  std::map<CallId, Listener> listeners_;
  HeldTasks tasks_;
};

}  // namespace mcpctl::relay
