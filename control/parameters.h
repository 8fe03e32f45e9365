// What a request's query asks for, beyond plain text.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace mcpctl::control {

/// Every value of `key`, each split at commas.
std::vector<std::string> list_parameter(const http::Request& request, std::string_view key);

/// Present and neither "0" nor "false"; `otherwise` when it is absent.
bool flag_parameter(const http::Request& request, std::string_view key, bool otherwise = false);

/// Nothing when it is absent; fails for what is no whole decimal number.
Result<std::optional<std::uint64_t>> number_parameter(const http::Request& request,
                                                      std::string_view key);

/// `text` for one path segment or query value: all but RFC 3986's unreserved escaped.
std::string percent_encoded(std::string_view text);

}  // namespace mcpctl::control
