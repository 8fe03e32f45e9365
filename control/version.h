// Which mcpctl this is, as every door tells it.
#pragma once
#include <string_view>

namespace mcpctl::control {

/// "0.1.0": the project's version.
std::string_view version();

/// The compiler that built it: "g++ 12.2.0".
std::string_view compiler();

}  // namespace mcpctl::control
