// The state file: whatever it holds, reading it ends, and what was read survives
// being written and read once more.
#include <string_view>

#include "base/assert.h"
#include "runtime/state_file.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::runtime;

namespace {

void run_state(std::string_view input) {
  const auto state = decode(input);
  if (!state) return;
  for (const auto& leader : state->leaders) MCPCTL_ASSERT(leader.pid > 1);
  const auto again = decode(encode(*state));
  MCPCTL_ASSERT(again.has_value());
  MCPCTL_ASSERT(again->leaders.size() == state->leaders.size());
  MCPCTL_ASSERT(encode(*again) == encode(*state));
}

const mcpctl::fuzz::Target state_target{'s', run_state};

}  // namespace
