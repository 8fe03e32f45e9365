// The revisions of the Model Context Protocol that we speak, and its error codes.
#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace mcpctl::mcp {

/// legacy: revisions up to 2025-11-25 (initialize, sessions, ping).  modern:
/// 2026-07-28 and later (server/discover, everything per request).
enum class Era : unsigned char { unknown, legacy, modern };

constexpr std::string_view name(Era era) {
  switch (era) {
    case Era::unknown: return "unknown";
    case Era::legacy: return "legacy";
    case Era::modern: return "modern";
  }
  return "unknown";
}

struct Revision {
  std::string_view name;  ///< static storage
  Era era;
};

/// Newest first.  2024-10-07 is a draft of the first revision; servers built on
/// early SDKs still answer it.
inline constexpr std::array<Revision, 6> revisions{{{"2026-07-28", Era::modern},
                                                    {"2025-11-25", Era::legacy},
                                                    {"2025-06-18", Era::legacy},
                                                    {"2025-03-26", Era::legacy},
                                                    {"2024-11-05", Era::legacy},
                                                    {"2024-10-07", Era::legacy}}};

inline constexpr std::string_view newest_modern = revisions[0].name;
inline constexpr std::string_view newest_legacy = revisions[1].name;

/// The revision of that name, with a name of static storage, if we know it.
constexpr std::optional<Revision> find_revision(std::string_view name) {
  for (const Revision& revision : revisions) {
    if (revision.name == name) return revision;
  }
  return std::nullopt;
}

/// JSON-RPC 2.0 §5.1 and MCP 2026-07-28, "error codes".  Our own errors toward
/// clients stay in -32000 … -32019: -32020 … -32099 are reserved by MCP.
namespace error_code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int resource_not_found = -32002;  ///< legacy only
inline constexpr int header_mismatch = -32020;
inline constexpr int missing_client_capability = -32021;
inline constexpr int unsupported_protocol_version = -32022;
}  // namespace error_code

}  // namespace mcpctl::mcp
