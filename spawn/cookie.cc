#include "spawn/cookie.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/hex.h"
#include "spawn/proc.h"

namespace mcpctl::spawn {
namespace {

std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte != 0x7f && c != '/' && c != '%' && c != '=') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += hex_digits[byte >> 4];
      encoded += hex_digits[byte & 15];
    }
  }
  return encoded;
}

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digits.find(text[i + 1]);
    const auto low = hex_digits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

/// Splits at `separator` into exactly `Count` pieces.
template <std::size_t Count>
std::optional<std::array<std::string_view, Count>> split(std::string_view text, char separator) {
  std::array<std::string_view, Count> pieces;
  for (std::size_t i = 0; i + 1 < Count; ++i) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    pieces[i] = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (text.find(separator) != std::string_view::npos) return std::nullopt;
  pieces[Count - 1] = text;
  return pieces;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

SupervisorInstance SupervisorInstance::current() {
  SupervisorInstance instance;
  instance.pid = ::getpid();
  ProcessStat stat;
  if (const loop::Fd proc = open_proc(); read_stat(proc.get(), instance.pid, stat)) {
    instance.start_time = stat.start_time;
  }
  struct stat status;
  if (::stat("/proc/self/ns/pid", &status) == 0) instance.pid_namespace = status.st_ino;
  instance.boot_id = read_boot_id();
  return instance;
}

std::string to_string(const Cookie& cookie) {
  const SupervisorInstance& by = cookie.supervisor;
  return encode(cookie.fleet) + "/" + encode(cookie.server) + "/" +
         std::to_string(cookie.incarnation.value) + "/" + std::to_string(by.pid) + "." +
         std::to_string(by.start_time) + "." + std::to_string(by.pid_namespace) + "." + by.boot_id;
}

std::optional<Cookie> parse_cookie(std::string_view text) {
  const auto parts = split<4>(text, '/');
  if (!parts) return std::nullopt;
  const auto by = split<4>((*parts)[3], '.');
  auto fleet = decode((*parts)[0]);
  auto server = decode((*parts)[1]);
  Cookie cookie;
  if (!by || !fleet || !server || !read_number((*parts)[2], cookie.incarnation.value) ||
      !read_number((*by)[0], cookie.supervisor.pid) ||
      !read_number((*by)[1], cookie.supervisor.start_time) ||
      !read_number((*by)[2], cookie.supervisor.pid_namespace)) {
    return std::nullopt;
  }
  cookie.fleet = std::move(*fleet);
  cookie.server = std::move(*server);
  cookie.supervisor.boot_id = (*by)[3];
  return cookie;
}

}  // namespace mcpctl::spawn
