// Answers of the operators' door, as values.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "control/json.h"
#include "http/message.h"

namespace mcpctl::control {

/// JSON text with a newline, for the sake of curl.
http::Response json_reply(int status, std::string json);

http::Response text_reply(int status, std::string text,
                          std::string_view type = "text/plain; charset=utf-8");

/// application/problem+json (RFC 9457); the title is the status' reason phrase.
http::Response problem_reply(int status, std::string detail, std::string suggestion = {});

}  // namespace mcpctl::control
