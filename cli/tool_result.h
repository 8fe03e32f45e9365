// What servers answer, as people read it.  Pure; foreign text is made safe to show.
#pragma once
#include <string>
#include <string_view>

namespace mcpctl::cli {

/// The content of a tools/call result (raw): text as it is, line by line, everything
/// else in one line that says what it is.  Ends with a newline unless empty.
std::string render_tool_result(std::string_view result);

/// The contents of a resources/read result (raw).
std::string render_resource(std::string_view result);

/// One line for a notification of progress or a log message; empty for another.
std::string render_progress(std::string_view notification);

}  // namespace mcpctl::cli
