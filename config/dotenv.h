// The dotenv syntax of envFile: NAME=value lines, as `docker --env-file`, VS Code
// and the shell's `source` write them.  Text in, variables out.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace mcpctl::config {

/// Understands `export NAME=…`, comments (whole lines; behind a value after a
/// blank), 'single' (literal) and "double" quotes (\n \r \t \" \\ \$, may span lines).
/// Nothing is expanded.  A later line of the same name replaces the earlier.
/// Sorted by name.  Errors: "line N: …", without the line's text.
Result<Variables> parse_dotenv(std::string_view text);

/// Can the kernel and a shell carry a variable of this name?  Not empty, no '=', no NUL.
bool is_variable_name(std::string_view name);

}  // namespace mcpctl::config
