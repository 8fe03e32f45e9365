#include "supervisor/why.h"

#include <cstdlib>

#include "config/duration.h"

namespace mcpctl::supervisor {
namespace {

/// As exact as a reader cares for: "217ms", "3s200ms", "1m5s".
std::string about(Duration duration) {
  const std::int64_t unit = duration >= Duration{10'000}  ? 1000
                            : duration >= Duration{1'000} ? 100
                                                          : 1;
  return config::format_duration(Duration{duration.count() / unit * unit});
}

std::string on_behalf_of(const Why& why) {
  switch (why.motive) {
    case Motive::none:
    case Motive::operator_request: return " requested";
    case Motive::fleet: return " with the fleet";
    case Motive::dependency: return ": needed by another server";
    case Motive::config_change: return ": configuration changed";
    case Motive::removal: return ": removed from the configuration";
    case Motive::memory_limit: return ": over its memory limit";
    case Motive::succession:
      return why.root == Trigger::stop_requested ? ": replaced by a new process"
                                                 : ": to replace a running process";
    case Motive::files_changed:
      return why.message.empty() ? ": its files changed" : ": " + why.message + " changed";
  }
  std::abort();
}

std::string ending(const Why& why) {
  if (!why.has_exit) return "ended";
  return describe(why.exit) + " after " + about(why.lived);
}

/// What happened first, without what follows from it.
std::string cause(const Why& why) {
  switch (why.root) {
    case Trigger::enabled: return "wanted by the configuration";
    case Trigger::start_requested: return "start" + on_behalf_of(why);
    case Trigger::restart_requested: return "restart" + on_behalf_of(why);
    case Trigger::stop_requested: return "stop" + on_behalf_of(why);
    case Trigger::kill_requested: return "kill requested";
    case Trigger::reset_requested: return "reset requested";
    case Trigger::demanded: return "a request arrived";
    case Trigger::admitted: return "its turn";
    case Trigger::unusable:
    case Trigger::spawn_failed: return why.message;
    case Trigger::start_timed_out: return "not ready in time";
    case Trigger::readiness_proven: return "readiness proven";
    case Trigger::health_failing: return "health probes fail";
    case Trigger::health_recovered: return "health probes succeed again";
    case Trigger::health_lost: return "unresponsive";
    case Trigger::went_idle: return "no request for a while";
    case Trigger::drained: return "requests in flight finished";
    case Trigger::drain_timed_out: return "requests in flight did not finish in time";
    case Trigger::exited: return ending(why);
    case Trigger::gone: return "all its processes are gone";
    case Trigger::survived: return "a process survived SIGKILL";
    case Trigger::backoff_elapsed: return "restart";
    case Trigger::retry_elapsed: return "slow retry";
  }
  std::abort();
}

std::string giving_up(const Why& why) {
  switch (why.gave_up) {
    case GaveUp::no: return "";
    case GaveUp::crash_loop:
      return "; gave up after " + std::to_string(why.failures) + " failed starts";
    case GaveUp::not_worth_retrying: return "";
    case GaveUp::policy: return "; restart policy is never";
  }
  std::abort();
}

}  // namespace

std::string_view name(Trigger trigger) {
  switch (trigger) {
    case Trigger::enabled: return "enabled";
    case Trigger::start_requested: return "start_requested";
    case Trigger::restart_requested: return "restart_requested";
    case Trigger::stop_requested: return "stop_requested";
    case Trigger::kill_requested: return "kill_requested";
    case Trigger::reset_requested: return "reset_requested";
    case Trigger::demanded: return "demanded";
    case Trigger::admitted: return "admitted";
    case Trigger::unusable: return "unusable";
    case Trigger::spawn_failed: return "spawn_failed";
    case Trigger::start_timed_out: return "start_timed_out";
    case Trigger::readiness_proven: return "readiness_proven";
    case Trigger::health_failing: return "health_failing";
    case Trigger::health_recovered: return "health_recovered";
    case Trigger::health_lost: return "health_lost";
    case Trigger::went_idle: return "went_idle";
    case Trigger::drained: return "drained";
    case Trigger::drain_timed_out: return "drain_timed_out";
    case Trigger::exited: return "exited";
    case Trigger::gone: return "gone";
    case Trigger::survived: return "survived";
    case Trigger::backoff_elapsed: return "backoff_elapsed";
    case Trigger::retry_elapsed: return "retry_elapsed";
  }
  std::abort();
}

std::string_view name(Motive motive) {
  switch (motive) {
    case Motive::none: return "none";
    case Motive::operator_request: return "operator";
    case Motive::fleet: return "fleet";
    case Motive::dependency: return "dependency";
    case Motive::config_change: return "config_change";
    case Motive::removal: return "removal";
    case Motive::memory_limit: return "memory_limit";
    case Motive::files_changed: return "files_changed";
    case Motive::succession: return "succession";
  }
  std::abort();
}

std::string describe(const Why& why, State state) {
  // Every server begins so, and no transition leads back.
  if (state == State::stopped && why.trigger == Trigger::enabled) return "not started";
  std::string text = cause(why) + giving_up(why);
  const bool ended_otherwise = why.has_exit && why.root != Trigger::exited;
  if (ended_otherwise && (state == State::backoff || state == State::failed)) {
    text += "; " + describe(why.exit);
  }
  if (why.delay.count() > 0) {
    text += state == State::failed ? "; next try in " : "; restart in ";
    text += about(why.delay);
  }
  return text;
}

}  // namespace mcpctl::supervisor
