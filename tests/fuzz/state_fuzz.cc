// The state file: whatever it holds, reading it ends, and what was read survives
// being written and read once more.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "runtime/state_file.h"

using namespace mcpctl::runtime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto state = decode({reinterpret_cast<const char*>(data), size});
  if (!state) return 0;
  for (const auto& leader : state->leaders) MCPCTL_ASSERT(leader.pid > 1);
  const auto again = decode(encode(*state));
  MCPCTL_ASSERT(again.has_value());
  MCPCTL_ASSERT(again->leaders.size() == state->leaders.size());
  MCPCTL_ASSERT(encode(*again) == encode(*state));
  return 0;
}
