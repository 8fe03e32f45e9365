// Readiness in libuv's terms.  For the .cc files of this folder.
#pragma once
#include <uv.h>

#include "loop/poll.h"

namespace mcpctl::loop {

/// Watches what is wanted on an initialised handle; stops when it is nothing.
inline void poll_for(uv_poll_t& raw, Readiness wanted, uv_poll_cb callback) noexcept {
  if (!wanted.any()) {
    uv_poll_stop(&raw);
    return;
  }
  const int events = (wanted.readable ? UV_READABLE : 0) | (wanted.writable ? UV_WRITABLE : 0) |
                     (wanted.disconnected ? UV_DISCONNECT : 0);
  uv_poll_start(&raw, events, callback);
}

/// libuv reports an error on the descriptor itself (EBADF) as a status: then
/// everything is "ready" and the next read or write names the error.
inline Readiness readiness_of(int status, int events) noexcept {
  if (status < 0) return {.readable = true, .writable = true, .disconnected = true};
  return {.readable = (events & UV_READABLE) != 0,
          .writable = (events & UV_WRITABLE) != 0,
          .disconnected = (events & UV_DISCONNECT) != 0};
}

}  // namespace mcpctl::loop
