// How a public class of this folder owns its libuv handle without naming libuv:
// Owned<Watch> is a unique_ptr whose deleter closes the handle now and frees the
// memory later, on the loop.  The deleter is defined in loop/handle.h, which only
// the .cc files here include.
#pragma once
#include <memory>

namespace mcpctl::loop {

struct Closing {
  template <typename Watch>
  void operator()(Watch* watch) const noexcept;
};

template <typename Watch>
using Owned = std::unique_ptr<Watch, Closing>;

}  // namespace mcpctl::loop
