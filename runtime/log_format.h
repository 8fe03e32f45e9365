// How a line looks in a log file.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "runtime/line.h"

namespace mcpctl::runtime {

/// Appends one record per line of the block, each with its newline.
/// text: "2026-03-01T12:00:00.123Z err hello"; a continued line says "err+".
/// json: {"ts":"…","server":"…","stream":"err","text":"…"}, one object a line;
/// bytes that are no UTF-8 become U+FFFD.  raw: the text alone.
void format_records(std::string& out, config::LogFormat format, std::string_view server,
                    const LineBlock& block);

/// "2026-03-01T12:00:00.123Z" (RFC 3339, UTC).
std::string format_time(std::int64_t unix_ms);

/// `text` as the inside of a JSON string (RFC 8259 §7), invalid UTF-8 replaced.
void append_json_escaped(std::string& out, std::string_view text);

std::string_view name(Stream stream);  ///< "out", "err", "note", "state"

}  // namespace mcpctl::runtime
