// A tool's arguments from a command line: a raw JSON object.  Pure.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace mcpctl::cli {

/// From words "key=value".  A value that is JSON is taken as such, any other text is a
/// string.  The same key twice is an error.
Result<std::string> tool_arguments_from_words(const std::vector<std::string>& words);

/// From one JSON object.
Result<std::string> tool_arguments_from_json(const std::string& text);

}  // namespace mcpctl::cli
