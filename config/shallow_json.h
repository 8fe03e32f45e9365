// JSON of a file that we wrote ourselves, and that may be damaged or anybody's by now.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace mcpctl::config {

/// Discarded (nlohmann's is_discarded()) if it is no JSON, or nested deeper than eight
/// levels, which we never write: nlohmann's parser takes any depth, its destructor and
/// dump() do not.
nlohmann::json parse_shallow(std::string_view text);

}  // namespace mcpctl::config
