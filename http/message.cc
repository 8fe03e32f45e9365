#include "http/message.h"

#include <algorithm>

#include "base/ascii.h"

namespace mcpctl::http {

namespace {

/// Of a Headers' memory, for the next message.
constexpr std::size_t most_head_kept = 1024;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// percent_decode() into a string whose memory is used again.
bool decode_into(std::string& decoded, std::string_view text, bool plus_is_space) {
  const bool is_plain =
      text.find('%') == text.npos && (!plus_is_space || text.find('+') == text.npos);
  if (is_plain) {
    decoded = text;
    return true;
  }
  decoded.clear();
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return true;
}

/// Calls `each` with every part of `text` between separators.
template <typename Each>
void split(std::string_view text, char separator, Each each) {
  while (true) {
    const std::size_t end = text.find(separator);
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// The part of a target that begins with the path; empty when there is none.
std::string_view path_and_query(std::string_view target) noexcept {
  if (target.starts_with("/")) return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return {};
}

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) noexcept {
  if (a == b) return true;  // as most write it
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_media_type(std::string_view content_type, std::string_view type) noexcept {
  return equal_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), type);
}

void append_line(std::string& text, const Header& field) {
  for (const std::string_view part : {field.name, std::string_view{": "}, field.value}) {
    text += part;
  }
  text += "\r\n";
}

Headers::Headers(std::initializer_list<Header> fields) {
  for (const Header& field : fields) add(field.name, field.value);
}

/// Memory for a usual request, at once.
void Headers::prepare() {
  constexpr std::size_t usual_fields = 10;
  constexpr std::size_t usual_bytes = 400;
  if (fields_.capacity() != 0) return;
  fields_.reserve(usual_fields);
  text_.reserve(usual_bytes);
}

std::size_t Headers::hold(std::string_view raw) {
  prepare();
  const std::size_t at = text_.size();
  text_ += raw;
  return at;
}

void Headers::add_held(Place field) {
  const std::string_view value = value_of(field);
  while (field.value_size > 0 && is_blank(value[field.value_size - 1])) --field.value_size;
  fields_.push_back(field);
}

void Headers::clear() {
  if (text_.capacity() > most_head_kept) return void(*this = {});
  text_.clear();
  fields_.clear();
}

void Headers::add(std::string_view name, std::string_view value) {
  prepare();
  const auto at = static_cast<std::uint32_t>(text_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  fields_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
  text_ += name;
  text_ += value;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_,
                [&](const Place& field) { return equal_ignoring_case(name_of(field), name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const Place& field : fields_) {
    if (equal_ignoring_case(name_of(field), name)) return value_of(field);
  }
  return std::nullopt;
}

std::string_view Headers::get(std::string_view name) const noexcept {
  return find(name).value_or(std::string_view{});
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const Place& field) { return equal_ignoring_case(name_of(field), name); }));
}

std::optional<std::string_view> Request::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string_view Request::raw_path() const noexcept {
  const std::string_view whole = path_and_query(target);
  return whole.substr(0, whole.find('?'));
}

std::vector<std::string> Request::segments() const {
  std::vector<std::string> segments;
  split(raw_path(), '/', [&](std::string_view part) {
    if (!part.empty()) segments.push_back(percent_decode(part).value_or(std::string{part}));
  });
  return segments;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::optional<std::string> decoded{std::in_place};
  if (!decode_into(*decoded, text, plus_is_space)) decoded.reset();
  return decoded;
}

bool split_target(Request& request) {
  request.query.clear();
  if (request.target == "*") {
    request.path.assign(1, '*');
    return request.method == "OPTIONS";
  }
  const std::string_view whole = path_and_query(request.target);
  if (whole.empty()) return false;
  const std::size_t mark = whole.find('?');
  if (!decode_into(request.path, whole.substr(0, mark), false)) return false;
  if (request.path.empty()) request.path.assign(1, '/');
  if (mark == std::string_view::npos) return true;
  bool valid = true;
  split(whole.substr(mark + 1), '&', [&](std::string_view pair) {
    if (pair.empty()) return;
    const std::size_t equals = pair.find('=');
    auto key = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    valid = valid && key && value;
    if (valid) request.query.emplace_back(std::move(*key), std::move(*value));
  });
  return valid;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

}  // namespace mcpctl::http
