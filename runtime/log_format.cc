#include "runtime/log_format.h"

#include <time.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace mcpctl::runtime {
namespace {

/// The text of a millisecond is made once: a flood writes thousands of lines in it.
std::string_view cached_time(std::int64_t unix_ms) {
  thread_local std::int64_t last_ms = -1;
  thread_local std::string text;
  if (unix_ms != last_ms) {
    text = format_time(unix_ms);
    last_ms = unix_ms;
  }
  return text;
}

/// Length of the valid UTF-8 sequence that `text` begins with; 0: none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90;
    const bool beyond = lead == 0xf4 && byte(1) > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    std::array<char, 7> code{};
    std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned char>(c));
    out += code.data();
    return;
  }
  out += c;
}

}  // namespace

std::string_view name(Stream stream) {
  switch (stream) {
    case Stream::out: return "out";
    case Stream::err: return "err";
    case Stream::note: return "note";
    case Stream::state: return "state";
  }
  std::abort();
}

std::string format_time(std::int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ",
                static_cast<int>(unix_ms % 1000));
  return text.data();
}

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    if (length == 1) {
      append_escaped_ascii(out, text.front());
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

void format_record(std::string& out, config::LogFormat format, std::string_view server,
                   std::int64_t unix_ms, Stream stream, std::string_view text, bool continued) {
  switch (format) {
    case config::LogFormat::raw: out.append(text); break;
    case config::LogFormat::text:
      out.append(cached_time(unix_ms)).append(" ").append(name(stream));
      out.append(continued ? "+ " : " ").append(text);
      break;
    case config::LogFormat::json:
      out.append(R"({"ts":")").append(cached_time(unix_ms)).append(R"(","server":")");
      append_json_escaped(out, server);
      out.append(R"(","stream":")").append(name(stream)).append(R"(","text":")");
      append_json_escaped(out, text);
      out.append(continued ? R"(","continued":true})" : R"("})");
      break;
  }
  out += '\n';
}

}  // namespace mcpctl::runtime
