#include "runtime/log_format.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace mcpctl::runtime {
namespace {

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

/// How many bytes `text` begins with that JSON takes as they are.
std::size_t plain_length(std::string_view text) {
  const auto* const special = std::ranges::find_if(text, [](char c) {
    return static_cast<signed char>(c) < 0x20 || c == 0x7f || c == '"' ||
           c == '\\';  // negative: beyond ASCII
  });
  return static_cast<std::size_t>(special - text.begin());
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
    const std::size_t plain = plain_length(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
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

void format_records(std::string& out, config::LogFormat format, std::string_view server,
                    const LineBlock& block) {
  // What all lines of the block have in common is made once.
  std::string before;
  std::string_view after = "\n";
  switch (format) {
    case config::LogFormat::raw: break;
    case config::LogFormat::text:
      before.append(format_time(block.unix_ms)).append(" ").append(name(block.stream));
      before.append(block.continued ? "+ " : " ");
      break;
    case config::LogFormat::json:
      before.append(R"({"ts":")").append(format_time(block.unix_ms)).append(R"(","server":")");
      append_json_escaped(before, server);
      before.append(R"(","stream":")").append(name(block.stream)).append(R"(","text":")");
      after = block.continued ? "\",\"continued\":true}\n" : "\"}\n";
      break;
  }
  LineCutter cutter{block.text};
  for (std::string_view line; cutter.next(line);) {
    out += before;
    if (format == config::LogFormat::json) {
      append_json_escaped(out, line);
    } else {
      out += line;
    }
    out += after;
  }
}

}  // namespace mcpctl::runtime
