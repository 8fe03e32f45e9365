// One libuv handle and the state its callback needs, in one heap block.  Hides
// the three traps of libuv's handles (its guide, "Handles and requests"):
// the memory may be freed only in the close callback, a handle whose init
// failed must not be closed, and a live handle must never be dropped.
//
// Because the block outlives the owner until the close callback, an owner may
// be destroyed inside its own callback: the running function stays alive.
#pragma once
#include <uv.h>

#include <cstring>
#include <expected>
#include <memory>
#include <utility>

#include "loop/owned.h"

namespace mcpctl::loop {

/// What a class's Watch derives from.  `raw` is valid from open() until the
/// close callback has run.
template <typename Raw>
struct Handle {
  Raw raw{};
  bool is_closed{false};     ///< libuv has let go of it, the owner has not
  bool is_ownerless{false};  ///< the owner has let go of it, libuv has not

  bool is_closing() const noexcept {
    return uv_is_closing(reinterpret_cast<const uv_handle_t*>(&raw)) != 0;
  }
};

/// The Watch behind a libuv callback's argument.
template <typename Watch, typename Raw>
Watch& watch_of(Raw* raw) noexcept {
  return *static_cast<Watch*>(raw->data);
}

/// Calls init(raw) exactly once.  On failure the block is freed at once, as
/// libuv has not seen it (true of every init used here), and the libuv error
/// code is returned.
template <typename Watch, typename Init>
std::expected<Owned<Watch>, int> open(std::unique_ptr<Watch> watch, Init init) {
  const int error = init(&watch->raw);
  if (error < 0) return std::unexpected{error};
  watch->raw.data = watch.get();
  return Owned<Watch>{watch.release()};
}

/// For a watch whose descriptor ends before its owner lets go: libuv must forget the
/// number before it is closed.  Otherwise, when the owner goes at last, it would stop
/// watching whoever has got the same number meanwhile.  What its owner has not closed
/// until then is closed at the end of the turn, when nothing more urgent waits for it.
template <typename Watch>
void retire(Watch& watch) noexcept {
  if (watch.is_closing()) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&watch.raw), [](uv_handle_t* handle) noexcept {
    auto* retired = static_cast<Watch*>(handle->data);
    retired->is_closed = true;
    if constexpr (requires { retired->release_descriptor(); }) retired->release_descriptor();
    if (retired->is_ownerless) delete retired;
  });
}

template <typename Watch>
void Closing::operator()(Watch* watch) const noexcept {
  if (watch->is_closing()) {  // retired
    watch->is_ownerless = true;
    if (watch->is_closed) delete watch;
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->raw),
           [](uv_handle_t* handle) noexcept { delete static_cast<Watch*>(handle->data); });
  // A descriptor is closed now, after libuv has let go of it, not a turn later:
  // the peer waits for this end of file.
  if constexpr (requires { watch->release_descriptor(); }) watch->release_descriptor();
}

}  // namespace mcpctl::loop
