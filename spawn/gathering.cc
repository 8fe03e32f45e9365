#include "spawn/gathering.h"

#include <unistd.h>

namespace mcpctl::spawn {

Gathering::Gathering(const ProcessTable& table)
    : table_(table), self_(::getpid()), own_session_(::getsid(0)) {}

void Gathering::add(const ProcessStat& process) {
  if (process.pid <= 1 || process.pid == self_ || !process.is_alive()) return;
  if (seen_.insert(process.pid).second) members_.push_back(&process);
}

void Gathering::add_all(std::span<const ProcessTable::Link> links) {
  for (const auto& link : links) add(*link.process);
}

std::vector<const ProcessStat*> Gathering::close() {
  for (std::size_t i = 0; i < members_.size(); ++i) {  // grows while we walk
    const ProcessStat& member = *members_[i];
    add_all(table_.children_of(member.pid));
    // Only descendants can make or join a session, so one with a member in it is
    // theirs, unless the server was started in our own.  0: led from outside of
    // our pid namespace, as ours may be.
    if (member.session > 0 && member.session != own_session_ &&
        sessions_.insert(member.session).second) {
      add_all(table_.session(member.session));
    }
  }
  return std::move(members_);
}

}  // namespace mcpctl::spawn
