// HTTP requests and responses as values: what a handler gets and gives, what
// the client sends and receives.  Never a socket, never a parser.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcpctl::http {

struct Header {
  std::string name;
  std::string value;
};

/// Header fields in order of arrival.  Names compare without case (RFC 9110 §5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string_view name, std::string_view value);
  /// Replaces every field of this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The first field of this name; null when there is none.
  const std::string* find(std::string_view name) const noexcept;
  /// The first field's value, or empty.
  std::string_view get(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// True when a comma-separated list field holds `token`, without case
  /// ("Connection: keep-alive, Upgrade").
  bool has_token(std::string_view name, std::string_view token) const noexcept;

  std::vector<Header>::const_iterator begin() const noexcept { return fields_.begin(); }
  std::vector<Header>::const_iterator end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<Header> fields_;
};

struct Request {
  std::string method;
  /// As it came: origin form ("/a%20b?x=1"), or absolute form.
  std::string target;
  /// The target's path, percent-decoded ("/a b").  "*" for OPTIONS *.
  std::string path;
  /// The query's parameters, decoded, in order ("+" is a space).
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;
  int version_minor{1};

  /// The first parameter of this name.
  std::optional<std::string_view> parameter(std::string_view name) const noexcept;
  /// The path's segments, each decoded by itself: "/a%2Fb/c" is {"a/b", "c"}.
  std::vector<std::string> segments() const;
  bool wants_keep_alive() const noexcept;
};

struct Response {
  int status{200};
  Headers headers;
  std::string body;
};

/// "Not Found" for 404; "Unknown" for what RFC 9110 does not name.
std::string_view reason_phrase(int status) noexcept;

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// The media type of a Content-Type value, lower case, without parameters.
std::string media_type(std::string_view content_type);

/// Decodes %XX; nothing when an escape is broken or yields NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Splits a target into path and query of `request`; false when it is malformed.
bool split_target(Request& request);

}  // namespace mcpctl::http
