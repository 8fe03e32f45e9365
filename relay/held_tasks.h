// Whose the tasks of a modern server are (task_extension.h).  Its clients come and go with
// their requests, so a task is its principal's: who asked for it sees, feeds and cancels
// it, and nobody else.  Where all clients are one principal's, nothing is to be kept.
#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "relay/request.h"

namespace mcpctl::relay {

class HeldTasks {
 public:
  /// Of one principal; who made more than this many forgets the eldest.
  static constexpr std::size_t capacity = 4096;

  /// The server has answered `holder` with this task (plain id).  One that it names again
  /// it has made anew: servers may count theirs from one after each start.
  void add(std::string id, PrincipalId holder);

  bool may_see(std::string_view id, PrincipalId who) const;

 private:
  std::map<PrincipalId, std::deque<std::string>> held_;  ///< eldest first
};

}  // namespace mcpctl::relay
