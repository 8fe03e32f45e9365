#include "gateway/classify.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "mcp/raw.h"
#include "mcp/text.h"
#include "relay/method.h"

namespace mcpctl::gateway {
namespace {

namespace code = mcp::error_code;

std::unexpected<Refusal> mismatch(std::string why) {
  return std::unexpected{Refusal{400, code::header_mismatch, std::move(why)}};
}

std::unexpected<Refusal> invalid(std::string why) {
  return std::unexpected{Refusal{400, code::invalid_params, std::move(why)}};
}

/// The six bits of a base64 digit; 64 for another character.
unsigned sextet(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/// RFC 4648 §4, with its padding and no stray bits in it.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const unsigned six = sextet(c);
    if (six == 64) return std::nullopt;
    held = held << 6 | six;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xff);
    held &= (1u << bits) - 1;
  }
  if (held != 0 || bits != 2 * padding) return std::nullopt;
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= bytes.size() ? digits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = mcp::utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::expected<void, Refusal> check_headers(const http::Headers& headers,
                                           const relay::Request& message) {
  const auto method = headers.find("Mcp-Method");
  const auto wanted = mcp::string_value(message.envelope.method.in(message.text));
  if (!method) return mismatch("the Mcp-Method header is missing");
  if (!wanted || *method != *wanted) {
    return mismatch("the Mcp-Method header and the message name different methods");
  }
  const relay::Method about = relay::method_of(message.envelope.method.in(message.text));
  const mcp::Span name = relay::named_by(about, message.envelope);
  if (!name) return {};
  const auto named = mcp::string_value(name.in(message.text));
  if (!named) return invalid("params must name its subject by a string: name, uri or taskId");
  const auto given = headers.find("Mcp-Name");
  if (!given) return mismatch("the Mcp-Name header is missing");
  const auto decoded = decode_header(*given);
  if (!decoded) return mismatch("the Mcp-Name header is no proper =?base64?…?= value");
  if (*decoded != *named) {
    return mismatch("the Mcp-Name header and the message name different things");
  }
  return {};
}

std::expected<mcp::Era, Refusal> check_modern(const http::Headers& headers,
                                              const relay::Request& message,
                                              const std::optional<std::string>& claim) {
  const mcp::Envelope& envelope = message.envelope;
  if (!claim)
    return invalid("params._meta[\"io.modelcontextprotocol/protocolVersion\"] is missing");
  const auto header = headers.find("MCP-Protocol-Version");
  if (!header) return mismatch("the MCP-Protocol-Version header is missing");
  if (*header != *claim) {
    return mismatch("the MCP-Protocol-Version header and the message name different revisions");
  }
  const auto revision = mcp::find_revision(*claim);
  if (!revision || revision->era != mcp::Era::modern) {
    return std::unexpected{unsupported_revision(*claim)};
  }
  if (!envelope.meta_client_capabilities ||
      envelope.meta_client_capabilities.in(message.text)[0] != '{') {
    return invalid("params._meta[\"io.modelcontextprotocol/clientCapabilities\"] is missing");
  }
  if (auto checked = check_headers(headers, message); !checked) {
    return std::unexpected{std::move(checked.error())};
  }
  return mcp::Era::modern;
}

}  // namespace

std::expected<mcp::Era, Refusal> classify(const http::Headers& headers,
                                          const relay::Request& message) {
  const mcp::Envelope& envelope = message.envelope;
  const std::string_view header = headers.get("MCP-Protocol-Version");
  const auto revision = mcp::find_revision(header);
  const bool by_header = revision && revision->era == mcp::Era::modern;
  if (envelope.kind == mcp::Kind::request || envelope.kind == mcp::Kind::notification) {
    const auto claim = mcp::string_value(envelope.meta_protocol_version.in(message.text));
    const bool opens = mcp::is_string(envelope.method.in(message.text), "initialize");
    if (envelope.kind == mcp::Kind::request && (claim || (by_header && !opens))) {
      return check_modern(headers, message, claim);
    }
    if (claim || by_header) return mcp::Era::modern;
    if (opens) return mcp::Era::legacy;
  } else if (by_header) {
    return std::unexpected{
        Refusal{400, code::invalid_request, "a client of this revision sends requests alone"}};
  }
  if (!header.empty() && !revision) return std::unexpected{unsupported_revision(header)};
  return mcp::Era::legacy;
}

std::optional<std::string> decode_header(std::string_view value) {
  constexpr std::string_view prefix = "=?base64?";
  constexpr std::string_view suffix = "?=";
  if (value.size() < prefix.size() + suffix.size() || !value.starts_with(prefix) ||
      !value.ends_with(suffix)) {
    return std::string{value};
  }
  value.remove_prefix(prefix.size());
  value.remove_suffix(suffix.size());
  auto text = decode_base64(value);
  if (!text || !is_utf8(*text)) return std::nullopt;
  return text;
}

std::string encode_header(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; }) &&
                        !text.starts_with(' ') && !text.ends_with(' ') &&
                        !text.starts_with("=?base64?");
  if (is_plain) return std::string{text};
  return "=?base64?" + encode_base64(text) + "?=";
}

std::optional<std::string> name_header(std::string_view text, const mcp::Envelope& envelope) {
  const mcp::Span name = relay::named_by(relay::method_of(envelope.method.in(text)), envelope);
  if (!name) return std::nullopt;
  return encode_header(mcp::string_value(name.in(text)).value_or(""));
}

std::string_view negotiate(std::string_view wanted) {
  const auto revision = mcp::find_revision(wanted);
  return revision && revision->era == mcp::Era::legacy ? revision->name : mcp::newest_legacy;
}

Refusal unsupported_revision(std::string_view requested) {
  using Json = nlohmann::json;
  Json supported = Json::array();
  for (const mcp::Revision& revision : mcp::revisions) {
    if (revision.era == mcp::Era::modern) supported.push_back(revision.name);
  }
  const Json data{{"supported", supported}, {"requested", requested}};
  return {400, code::unsupported_protocol_version, "this protocol revision is not supported",
          data.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace mcpctl::gateway
