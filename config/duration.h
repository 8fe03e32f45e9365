// The written form of times and sizes: "1m30s", "250ms", "512MiB".  Text in,
// values out; says what is wrong with the text, never where it stands.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace mcpctl::config {

/// No setting may be longer: a year is a typing error, not a timeout.
inline constexpr Duration longest_duration = std::chrono::hours{24 * 365};

/// Reads numbers with units in falling order: "500ms", "10s", "1m30s", "1.5h",
/// "2d".  Fractions are cut to whole milliseconds.  The unit is required, so that
/// nobody has to remember which one a bare number would mean.
Result<Duration> parse_duration(std::string_view text);

/// The shortest form that parse_duration() reads back to the same value: "1m30s".
/// Negative durations (they exist in no setting) get a leading '-'.
std::string format_duration(Duration duration);

/// Reads bytes: "512MiB" and "64k" count in 1024s, "10MB" in 1000s, as does every
/// suffix with a B but without an i; "4096" and "4096B" are bytes.  Case is free.
Result<std::uint64_t> parse_size(std::string_view text);

/// The largest binary unit that divides evenly: "10MiB", "1536KiB", "1000".
std::string format_size(std::uint64_t bytes);

}  // namespace mcpctl::config
