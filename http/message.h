// HTTP requests and responses as values: what a handler gets and gives, what
// the client sends and receives.  Never a socket, never a parser.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcpctl::http {

/// One field of some Headers, which own its bytes: not to be kept beyond their change.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// Header fields in order of arrival.  Names compare without case (RFC 9110 §5.1).
/// All of them stand in one string: a message costs two allocations, not two a field.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields);

  /// Neither may be of these Headers themselves.
  void add(std::string_view name, std::string_view value);
  /// The same for who gets a field in pieces: all those of its name, all those of its
  /// value, and how long they were.  Space at the end of the value is left out.
  void add_piece(std::string_view piece);
  void end_field(std::size_t name_size, std::size_t value_size);
  /// Replaces every field of this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The value of the first field of this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// The first field's value, or empty.
  std::string_view get(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// True when a comma-separated list field holds `token`, without case
  /// ("Connection: keep-alive, Upgrade").
  bool has_token(std::string_view name, std::string_view token) const noexcept;

  class Iterator {
   public:
    Iterator(const Headers& of, std::size_t index) : of_(&of), index_(index) {}
    Header operator*() const noexcept { return of_->field(index_); }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Headers* of_;
    std::size_t index_;
  };
  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, fields_.size()}; }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  void prepare();
  /// Where a field stands in text_: its name, and its value right behind that.
  struct Place {
    std::size_t at, name_size, value_size;
  };
  std::string_view name_of(const Place& field) const noexcept {
    return {text_.data() + field.at, field.name_size};
  }
  std::string_view value_of(const Place& field) const noexcept {
    return {text_.data() + field.at + field.name_size, field.value_size};
  }
  Header field(std::size_t index) const noexcept {
    return {name_of(fields_[index]), value_of(fields_[index])};
  }

  std::string text_;
  std::vector<Place> fields_;
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
  /// The path before it was decoded.
  std::string_view raw_path() const noexcept;
  /// The path's segments, each decoded by itself: "/a%2Fb/c" is {"a/b", "c"}.
  std::vector<std::string> segments() const;
  bool wants_keep_alive() const noexcept;
};

struct Response {
  int status{200};
  Headers headers;
  std::string body;
  /// Of a server's answer, in static storage; empty: the headers tell, if anybody.
  std::string_view content_type{};
};

/// "Not Found" for 404; "Unknown" for what RFC 9110 does not name.
std::string_view reason_phrase(int status) noexcept;

/// Appends "NAME: VALUE" and the line's end, as they are.
void append_line(std::string& text, const Header& field);

/// Of one size, and the same but for the case of ASCII letters.
bool equal_letters(std::string_view a, std::string_view b) noexcept;
inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && equal_letters(a, b);
}
/// Whether a Content-Type value means `type`, whatever its case and its parameters.
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

/// Decodes %XX; nothing when an escape is broken or yields NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Splits a target into path and query of `request`; false when it is malformed.
bool split_target(Request& request);

}  // namespace mcpctl::http
