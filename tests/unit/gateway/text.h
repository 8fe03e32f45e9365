// What the gateway's tests ask of texts.
#pragma once
#include <string_view>

namespace mcpctl::gateway {

inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace mcpctl::gateway
