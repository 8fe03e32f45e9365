// The type of every callback of this folder.  A callback may own move-only
// things, runs on the loop thread and must not throw: it is called from C code,
// so an exception ends the process.
#pragma once
#include <functional>

namespace mcpctl::loop {

template <typename... Arguments>
using Callback = std::move_only_function<void(Arguments...)>;

}  // namespace mcpctl::loop
