// What all who stand inside the door share.  Borrowed by them; owned by the Door.
#pragma once
#include "config/config.h"
#include "gateway/admission.h"
#include "gateway/backend.h"
#include "gateway/patience.h"
#include "gateway/visit.h"
#include "loop/loop.h"

namespace mcpctl::gateway {

struct Floor {
  loop::Loop& loop;
  Backend& backend;
  const config::Gateway& config;
  const Admission& admission;
  VisitSink& visits;
  /// After which a legacy answer becomes a stream, so that its client has an id to come
  /// back with, and a modern one, so that nothing between takes it for dead.
  Patience& legacy_patience;
  Patience& modern_patience;
};

/// Longest waits of a client without a byte of an answer.
inline constexpr Duration legacy_begin{100};
inline constexpr Duration modern_begin{5'000};

}  // namespace mcpctl::gateway
