// What every client of the examples says.
#pragma once
#include <nlohmann/json.hpp>

namespace mcpctl::tests {

using Json = nlohmann::json;

inline const Json modern_meta{{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                              {"io.modelcontextprotocol/clientCapabilities", Json::object()}};

}  // namespace mcpctl::tests
