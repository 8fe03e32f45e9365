// Every edge a server's machine may take, as a table: the one place that says
// which transitions exist.  The machine asserts against it, the simulator checks
// that every edge is taken, and docs/lifecycle.md is drawn from it.
#pragma once
#include <span>
#include <string>

#include "supervisor/state.h"
#include "supervisor/why.h"

namespace mcpctl::supervisor {

struct Transition {
  State from;
  Trigger trigger;
  State to;
  friend bool operator==(const Transition&, const Transition&) = default;
};

std::span<const Transition> transitions();

bool is_allowed(const Transition& transition);

/// The table as a Mermaid state diagram, one arrow per pair of states.
std::string diagram();

}  // namespace mcpctl::supervisor
