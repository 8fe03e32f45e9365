// The part of Supervisor::Running that replaces processes while they serve.
#include <utility>

#include "runtime/running.h"
#include "supervisor/reconcile.h"
#include "supervisor/spec.h"

namespace mcpctl::runtime {
namespace {

std::string pid_of(const Instance& instance) { return "pid " + std::to_string(instance.pid()); }

}  // namespace

Result<void> Supervisor::Running::restart_rolling(std::string_view server) {
  const auto id = identify(server);
  if (!id) return std::unexpected{id.error()};
  const std::string obstacle = supervisor::why_not_rolling(instances_.at(*id)->config());
  if (!obstacle.empty()) {
    return failure("cannot restart " + std::string{server} + " rolling: " + obstacle +
                   "; restart it without --rolling");
  }
  if (!serves(*id)) return command(Command::restart, server);
  std::vector<ServerId> processes = replicas_of(server);
  processes.insert(processes.begin(), *id);
  for (const ServerId each : processes) {
    if (serves(each)) {
      replace(each, instances_.at(each)->config(), supervisor::Motive::operator_request);
    } else {
      // A session's process that is not ready, or asleep, has nobody who would notice.
      command_replica(Command::restart, each);
    }
  }
  return {};
}

/// There is something to go on with while its successor starts.
bool Supervisor::Running::serves(ServerId id) const {
  const supervisor::State state = fleet_.find(id)->life.state();
  return !is_stopping() &&
         (state == supervisor::State::ready || state == supervisor::State::degraded);
}

/// Neither as it runs nor as it is to run, two of it would be one too many.  `wanted`: null
/// if that cannot be run.
bool Supervisor::Running::may_roll(const supervisor::Change& change,
                                   const config::Server* wanted) const {
  if (change.kind != supervisor::Change::Kind::restart || wanted == nullptr) return false;
  const auto id = fleet_.find(change.server);
  return id && serves(*id) && supervisor::why_not_rolling(*wanted).empty() &&
         supervisor::why_not_rolling(instances_.at(*id)->config()).empty();
}

/// `wanted`: what the new process runs with.  One that was on its way is given up.
void Supervisor::Running::replace(ServerId id, config::Server wanted, supervisor::Motive motive) {
  const Instant now = loop_.now();
  failed_successors_.erase(id);
  run(fleet_.withdraw_successor(id, now));
  const std::string& name = fleet_.find(id)->name;
  wanted.name = free_replica_name(replicas_.contains(id) ? replicas_.at(id) : name);
  const ServerId successor = fleet_.add_successor(id, wanted.name, supervisor::spec_of(wanted),
                                                  wanted.depends_on, wanted.required);
  instances_.emplace(successor, std::make_unique<Instance>(successor, std::move(wanted), around_,
                                                           instances_.at(id)->client(), name));
  run(fleet_.start(successor, now, motive));
}

void Supervisor::Running::succeeded(const supervisor::Succeeded& change) {
  Instance& former = *instances_.at(change.server);
  Instance& next = *instances_.at(change.successor);
  next.exchange_names(former);
  next.log().note(pid_of(next) + " takes over from " + pid_of(former));
  if (const auto replica = replicas_.extract(change.server)) {
    replicas_.emplace(change.successor, replica.mapped());
  }
  former.channel().succeeded_by(next.channel());
}

void Supervisor::Running::succession_failed(const supervisor::SuccessionFailed& failure) {
  if (failure.is_withdrawn) return;
  Instance& next = *instances_.at(failure.successor);
  SuccessorStatus failed{next.config().name, supervisor::State::failed, {}, {}};
  supervisor::Why why = failure.why;
  why.delay = Duration{0};  // nobody tries again
  failed.why_text = config::redact(supervisor::describe(why, failure.state), config_.secrets);
  failed.stderr_tail = last_words(next.log());
  Instance& server = *instances_.at(failure.server);
  server.log().note(pid_of(server) +
                    " stays: the new process did not become ready: " + failed.why_text);
  failed_successors_.insert_or_assign(failure.server, std::move(failed));
}

std::optional<SuccessorStatus> Supervisor::Running::describe_successor(ServerId id) {
  if (const auto successor = fleet_.successor_of(id)) {
    const supervisor::Fleet::Member& member = *fleet_.find(*successor);
    return SuccessorStatus{
        member.name,
        member.life.state(),
        config::redact(supervisor::describe(member.life.why(), member.life.state()),
                       config_.secrets),
        {}};
  }
  const auto failed = failed_successors_.find(id);
  if (failed == failed_successors_.end()) return std::nullopt;
  return failed->second;
}

}  // namespace mcpctl::runtime
