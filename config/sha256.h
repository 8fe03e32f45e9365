// SHA-256 (FIPS 180-4), for tokens that are to be recognised but not kept.  Pure.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace mcpctl::config {

std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace mcpctl::config
