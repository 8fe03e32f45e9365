// HTTP requests and responses as values: what a handler gets and gives, what
// the client sends and receives.  Never a socket, never a parser.
#pragma once
#include <cstdint>
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
/// All of them stand in one string, as they came if they came at all: a message costs two
/// allocations, not two a field.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields);

  /// Neither may be of these Headers themselves.
  void add(std::string_view name, std::string_view value);
  /// For a parser: takes a part of a head as it came, and returns where it stands now.
  std::size_t hold(std::string_view raw);
  /// Where a field stands in all that was held.
  struct Place {
    std::uint32_t name_at{0}, name_size{0}, value_at{0}, value_size{0};
  };
  /// Space at the end of the value is left out.
  void add_held(Place field);
  /// All that was held, one part behind the other.
  std::string_view held() const noexcept { return text_; }
  /// Replaces as many bytes of that, from `at` on.
  void overwrite(std::size_t at, std::string_view bytes) { text_.replace(at, bytes.size(), bytes); }
  /// None any more; the memory for a usual head is kept.
  void clear();
  /// Replaces every field of this name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The value of the first field of this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// The first field's value, or empty.
  std::string_view get(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;

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
  std::string_view name_of(const Place& field) const noexcept {
    return {text_.data() + field.name_at, field.name_size};
  }
  std::string_view value_of(const Place& field) const noexcept {
    return {text_.data() + field.value_at, field.value_size};
  }
  Header field(std::size_t index) const noexcept {
    return {name_of(fields_[index]), value_of(fields_[index])};
  }

  std::string text_;
  std::vector<Place> fields_;
};

struct Request {
  std::string_view method;  ///< static storage; "" until the head is complete
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
  if (a.size() != b.size()) return false;
  // Mostly the first letter tells; bit 5 is its case, and of what else differs in it
  // equal_letters() knows.
  return a.empty() || (((a[0] ^ b[0]) & ~0x20) == 0 && equal_letters(a, b));
}
/// Whether a Content-Type value means `type`, whatever its case and its parameters.
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

/// Decodes %XX; nothing when an escape is broken or yields NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Splits a target into path and query of `request`; false when it is malformed.
bool split_target(Request& request);

}  // namespace mcpctl::http
