#include "http/url.h"

#include <algorithm>
#include <charconv>

#include "http/message.h"

namespace mcpctl::http {

namespace {

std::unexpected<Error> malformed(std::string_view text, std::string_view why) {
  return failure("cannot use \"" + std::string{text} + "\" as a URL: " + std::string{why});
}

Result<Url> parse_unix(std::string_view text, std::string_view rest) {
  Url url;
  url.scheme = Scheme::unix_socket;
  if (rest.starts_with("//")) rest.remove_prefix(2);
  const std::size_t colon = rest.find(":/");
  url.socket_path = rest.substr(0, colon);
  if (colon != std::string_view::npos) url.target = rest.substr(colon + 1);
  if (!url.socket_path.starts_with('/')) {
    return malformed(text, "a unix socket needs an absolute path, as in unix:/run/x.sock");
  }
  url.authority = "localhost";
  return url;
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view port) {
  unsigned number = 0;
  const char* end = port.data() + port.size();
  const auto [stop, error] = std::from_chars(port.data(), end, number);
  if (error != std::errc{} || stop != end || number == 0 || number > 65535) {
    return malformed(text, "the port must be a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(number);
}

/// Splits "host:port" or "[v6]:port".
Result<void> take_authority(Url& url, std::string_view text) {
  const std::string_view authority = url.authority;
  if (authority.find('@') != std::string_view::npos) {
    return failure("cannot use a URL with a user name or password: put it into a header");
  }
  std::size_t after_host = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return malformed(text, "the bracket is not closed");
    url.host = authority.substr(1, bracket - 1);
    after_host = bracket + 1;
    if (after_host < authority.size() && authority[after_host] != ':') {
      return malformed(text, "after ] only a port may follow");
    }
  } else {
    url.host = authority.substr(0, after_host);
  }
  if (url.host.empty()) return malformed(text, "it names no host");
  if (after_host < authority.size()) {
    const auto port = parse_port(text, authority.substr(after_host + 1));
    if (!port) return std::unexpected{port.error()};
    url.port = *port;
  }
  return {};
}

}  // namespace

std::string Url::text() const {
  if (scheme == Scheme::unix_socket) {
    return "unix:" + socket_path + (target == "/" ? std::string{} : ":" + target);
  }
  return (scheme == Scheme::https ? "https://" : "http://") + authority + target;
}

bool Url::same_origin(const Url& other) const noexcept {
  return scheme == other.scheme && host == other.host && port == other.port &&
         socket_path == other.socket_path;
}

Result<Url> parse_url(std::string_view text) {
  const bool foreign = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\'; });
  if (foreign) return malformed(text, "it has a space, a control character or a backslash");
  const std::size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon == std::string_view::npos) {
    return malformed(text, "it has no scheme; write http://, https:// or unix:");
  }
  std::string_view rest = text.substr(colon + 1);
  rest = rest.substr(0, rest.find('#'));
  if (equal_ignoring_case(scheme, "unix")) return parse_unix(text, rest);
  Url url;
  if (equal_ignoring_case(scheme, "https")) {
    url.scheme = Scheme::https;
  } else if (!equal_ignoring_case(scheme, "http")) {
    return malformed(text, "the scheme must be http, https or unix");
  }
  url.port = url.scheme == Scheme::https ? 443 : 80;
  if (!rest.starts_with("//")) return malformed(text, "after the scheme comes //");
  rest.remove_prefix(2);
  const std::size_t path = rest.find_first_of("/?");
  url.authority = rest.substr(0, path);
  if (auto taken = take_authority(url, text); !taken) return std::unexpected{taken.error()};
  if (path != std::string_view::npos) {
    url.target = rest[path] == '?' ? "/" + std::string{rest.substr(path)} : rest.substr(path);
  }
  return url;
}

}  // namespace mcpctl::http
