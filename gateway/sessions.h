// The legacy sessions of all clients: found by id, forgotten when idle, bounded.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/legacy_session.h"
#include "loop/timer.h"
#include "runtime/status.h"

namespace mcpctl::gateway {

class Sessions {
 public:
  explicit Sessions(Floor& floor);

  /// Makes room by ending the session used least recently, if there are too many.
  LegacySession& open(LegacySession::Terms terms, relay::Asker asker);
  /// Counts as use.  Null for an id that is not ours, or that belongs to another
  /// principal or server: nobody learns that it exists.
  LegacySession* find(std::string_view id, Principal principal, std::string_view server);
  void close(const LegacySession& session);

  /// Ends those who may not be here any more, and of too many the ones used least recently.
  void reconfigured();

  std::size_t count() const { return sessions_.size(); }
  std::size_t in_flight() const;
  /// The one used last first.
  std::vector<runtime::ClientSession> list() const;

 private:
  struct Entry {
    std::unique_ptr<LegacySession> session;
    Instant opened;
    Instant heard;  ///< of its client
    Instant used;   ///< the same, or busy since
  };
  using Entries = std::list<Entry>;  ///< used least recently first

  void watch();
  void sweep();

  Floor& floor_;
  Entries entries_;
  /// Looked for by what a client sent, without a copy of it.
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;  // NOLINT: the name is the library's
  };
  std::unordered_map<std::string, Entries::iterator, Hash, std::equal_to<>> sessions_;
  loop::Timer timer_;  ///< armed only while there are sessions
};

}  // namespace mcpctl::gateway
