#include "config/url.h"

#include <algorithm>
#include <charconv>

#include "config/expand.h"

namespace mcpctl::config {
namespace {

bool starts_with_no_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

}  // namespace

Result<UrlParts> split_url(std::string_view url) {
  UrlParts parts;
  if (starts_with_no_case(url, "https://")) {
    parts.is_https = true;
    url.remove_prefix(8);
  } else if (starts_with_no_case(url, "http://")) {
    url.remove_prefix(7);
  } else {
    return failure("expected a URL that begins with http:// or https://");
  }
  const auto breaks_url = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (std::any_of(url.begin(), url.end(), breaks_url)) {
    return failure("a URL holds no blanks or control characters");
  }
  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::size_t colon = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos)
      return failure("the \"[\" of the address is never closed");
    colon = bracket + 1 < authority.size() ? bracket + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && authority[colon] != ':') {
      return failure("expected \":\" and a port after the address");
    }
  }
  parts.host = authority.substr(0, colon);
  if (parts.host.empty()) return failure("the URL names no host");
  if (colon == std::string_view::npos) return parts;
  const std::string_view port = authority.substr(colon + 1);
  if (port == port_variable) {
    parts.port_is_variable = true;
    return parts;
  }
  std::uint32_t number = 0;
  const auto [rest, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (problem != std::errc{} || rest != port.data() + port.size() || number == 0 ||
      number > 65535) {
    return failure("the port of the URL is no number from 1 to 65535");
  }
  parts.port = static_cast<std::uint16_t>(number);
  return parts;
}

}  // namespace mcpctl::config
