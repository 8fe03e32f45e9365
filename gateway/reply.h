// The answers that the door writes itself.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace mcpctl::gateway {

/// To a client whose token does not reach so far; one of our own codes (-32000 … -32019).
inline constexpr int forbidden = -32005;

/// A JSON-RPC error; `raw_data` is left out when empty, an empty id is null.
std::string error_text(std::string_view raw_id, int code, std::string_view message,
                       std::string_view raw_data = {});

/// Of a response that is an error.
std::optional<int> error_code_of(std::string_view response);

http::Response json_reply(int status, std::string text);
http::Response error_reply(int status, std::string_view raw_id, int code, std::string_view message,
                           std::string_view raw_data = {});
/// 202 without a body: a notification or response was taken.
http::Response accepted();

}  // namespace mcpctl::gateway
