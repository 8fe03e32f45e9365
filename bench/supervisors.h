// Other supervisors, as Debian has them and as far as they are on PATH.
#pragma once
#include <span>

#include "bench/run.h"

namespace mcpctl::bench {

/// Each named after its program.
std::span<const Supervisor> other_supervisors();

/// Whether a program of this name is on PATH.
bool is_on_path(const std::string& program);

}  // namespace mcpctl::bench
