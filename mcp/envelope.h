// Reads the envelope of a JSON-RPC 2.0 message: validates every byte, says what
// kind of message it is and where the members stand that somebody routes by.
// Builds no tree and copies nothing, so that a relay can forward the original
// bytes with only an id spliced in.
//
// Ours, because simdjson has no static archive in the distribution and our
// artefact is one static binary; fuzzed differentially against nlohmann/json.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::mcp {

/// Where a raw JSON value stands in a message, in bytes.  Absent: length 0 (no
/// JSON value is empty).  Half as large as it could be, for an Envelope is copied often.
struct Span {
  constexpr Span() = default;
  /// Of a text no longer than longest_text.
  constexpr Span(std::size_t at, std::size_t size)
      : offset(static_cast<std::uint32_t>(at)), length(static_cast<std::uint32_t>(size)) {}

  std::uint32_t offset{0};
  std::uint32_t length{0};

  constexpr explicit operator bool() const { return length != 0; }
  constexpr std::string_view in(std::string_view text) const {
    return std::size_t{offset} + length <= text.size()
               ? std::string_view{text.data() + offset, length}
               : std::string_view{};
  }
  friend constexpr bool operator==(const Span&, const Span&) = default;
};

enum class Kind : unsigned char {
  request,       ///< method and id
  notification,  ///< method, no id
  response,      ///< id and result
  error,         ///< error; its id may be null or absent (MCP 2026-07-28 allows both)
  batch,         ///< an array of messages (MCP 2025-03-26 only); see batch_elements()
};

/// A message that scan() accepted.  All spans are raw values, strings with their
/// quotes; use raw.h to read them.  Their types are checked only where said so.
struct Envelope {
  Kind kind{Kind::batch};

  Span jsonrpc;  ///< "2.0"
  Span id;       ///< string or number; null in an error only
  Span method;   ///< string
  Span params;   ///< object
  Span result;   ///< any value
  Span error;    ///< object

  Span params_name;            ///< tools/call, prompts/get
  Span params_uri;             ///< resources/read, resources/subscribe
  Span params_task_id;         ///< tasks/…
  Span params_progress_token;  ///< notifications/progress
  Span params_request_id;      ///< notifications/cancelled
  Span params_cursor;          ///< the lists
  Span params_level;           ///< logging/setLevel, notifications/message
  Span params_ref;             ///< completion/complete
  Span params_task;            ///< tools/call as a task (2025-11-25)
  Span params_notifications;   ///< subscriptions/listen
  Span params_request_state;   ///< a retry after input_required
  Span params_input_responses;
  Span params_meta;  ///< any value

  // Inside params._meta.
  Span meta_progress_token;
  Span meta_protocol_version;     ///< io.modelcontextprotocol/protocolVersion: a modern request
  Span meta_subscription_id;      ///< io.modelcontextprotocol/subscriptionId
  Span meta_client_info;          ///< io.modelcontextprotocol/clientInfo
  Span meta_client_capabilities;  ///< io.modelcontextprotocol/clientCapabilities
  Span meta_log_level;            ///< io.modelcontextprotocol/logLevel

  Span result_type;                  ///< absent means "complete"
  Span result_ttl_ms;                ///< lists, reads and discover
  Span result_cache_scope;           ///< the same
  Span result_meta;                  ///< result._meta, any value
  Span result_meta_subscription_id;  ///< the end of subscriptions/listen

  Span error_code;     ///< number, if present
  Span error_message;  ///< string, if present
};

/// Why bytes are no message of ours.
struct Malformed {
  std::size_t offset{0};  ///< where it was noticed
  std::string_view what;  ///< static storage; "unterminated string"
  bool is_json{false};    ///< JSON it is: an "Invalid Request" to JSON-RPC 2.0, no parse error
};

/// Deepest nesting of arrays and objects that is accepted.
inline constexpr unsigned max_depth = 128;
/// Of a message, in bytes: 4 GiB, far beyond what any door lets in.
inline constexpr std::size_t longest_text = std::numeric_limits<std::uint32_t>::max();

/// Reads one message.  Accepts what RFC 8259 calls JSON text, in UTF-8, and is
/// stricter in these points, because the next reader may see them differently:
/// nesting beyond max_depth, more than longest_text, escaped lone surrogates, a byte
/// order mark, and a member above named twice at its place are Malformed; "jsonrpc"
/// must be "2.0".  A batch is validated as JSON only.  Linear in the text; never throws.
std::expected<Envelope, Malformed> scan(std::string_view text);

/// The messages of a batch that scan() accepted, each to be scanned by itself.
std::vector<std::string_view> batch_elements(std::string_view batch);

}  // namespace mcpctl::mcp
