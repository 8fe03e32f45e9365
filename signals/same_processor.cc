#include "signals/same_processor.h"

#include <cerrno>
#include <cstring>

namespace mcpctl::signals {
namespace {

bool allowed(cpu_set_t& processors) noexcept {
  return ::sched_getaffinity(0, sizeof processors, &processors) == 0;
}

bool allow(const cpu_set_t& processors) noexcept {
  return ::sched_setaffinity(0, sizeof processors, &processors) == 0;
}

}  // namespace

SameProcessor::SameProcessor() noexcept {
  const int here = ::sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE || !allowed(allowed_before_)) return;
  cpu_set_t this_one;
  CPU_ZERO(&this_one);
  CPU_SET(static_cast<std::size_t>(here), &this_one);
  holds_ = allow(this_one);
}

/// The processors of before, listed, would be all that we get, even when our control group
/// is given more (cpuset).  To name every one that there can be is to ask for nothing; only
/// who had asked for fewer gets the list back.
SameProcessor::~SameProcessor() {
  if (!holds_) return;
  const int error = errno;  // of the fork
  cpu_set_t every;
  std::memset(&every, 0xff, sizeof every);
  cpu_set_t now;
  const bool as_before = allow(every) && allowed(now) && CPU_EQUAL(&now, &allowed_before_);
  if (!as_before) allow(allowed_before_);
  errno = error;
}

}  // namespace mcpctl::signals
