// Figures as an operator reads them at a glance: two significant units, no more.  Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpctl::cli {

/// "512B", "96K", "61.4M", "1.2G".
std::string short_bytes(std::uint64_t bytes);

/// "0s", "42s", "3m12s", "2h05m", "3d04h".
std::string short_age(Duration age);

/// Of CPU time: "0.42s", "12.3s", "3m12s".
std::string short_cpu(Duration time);

/// "1 server", "3 servers".
std::string counted(std::ptrdiff_t count, std::string_view noun);

}  // namespace mcpctl::cli
