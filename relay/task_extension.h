// The extension of tasks (MCP 2026-07-28, io.modelcontextprotocol/tasks): a server may
// answer tools/call with a task, if the request's client has declared that it knows them.
// Not the tasks of 2025-11-25 (tasks.h), which no client and server share with these.
#pragma once
#include <string>
#include <string_view>

#include "relay/request.h"

namespace mcpctl::relay {

/// `capabilities`: a client's or a server's, a raw object; empty: none.
bool knows_task_extension(std::string_view capabilities);
/// The same capabilities, but for that: who cannot have tasks neither declares nor is
/// offered them.
std::string without_task_extension(std::string_view capabilities);
/// It alone, as capabilities.
inline constexpr std::string_view task_extension_alone =
    R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";

/// Whether only a client that has declared the extension may ask for this: a task, or to
/// hear of tasks.
bool needs_task_extension(const Request& request);

}  // namespace mcpctl::relay
