// The threads of libuv's pool, which libuv makes with the first work and aborts without.
// For the .cc files of this folder.
#pragma once

namespace mcpctl::loop {

/// Whether the pool has its threads, or the kernel would grant as many at once.  To be asked
/// before anything is given to it: a container may allow few processes, and its servers have
/// taken them, which must not end a fleet that runs.  The loop's thread only.
bool is_pool_granted();

}  // namespace mcpctl::loop
