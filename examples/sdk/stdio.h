// The stdio transport (MCP 2025-11-25 and 2026-07-28, transports, stdio): one client,
// one JSON-RPC message a line.
#pragma once
#include "loop/loop.h"
#include "sdk/server.h"

namespace sdk {

/// Serves the client at stdin and stdout until its input ends; gives the exit status.
/// Takes both descriptors; tools must not write to stdout themselves.  stderr is free.
int serve_stdio(Server& server, mcpctl::loop::Loop& loop);
int serve_stdio(Server& server);

}  // namespace sdk
