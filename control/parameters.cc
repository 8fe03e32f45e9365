#include "control/parameters.h"

#include <charconv>

#include "base/ascii.h"

namespace mcpctl::control {

std::vector<std::string> list_parameter(const http::Request& request, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& [name, value] : request.query) {
    if (name != key) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = rest.find(',');
      if (const std::string_view part = rest.substr(0, end); !part.empty()) {
        values.emplace_back(part);
      }
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return values;
}

bool flag_parameter(const http::Request& request, std::string_view key, bool otherwise) {
  const auto value = request.parameter(key);
  if (!value) return otherwise;
  return *value != "0" && *value != "false";
}

Result<std::optional<std::uint64_t>> number_parameter(const http::Request& request,
                                                      std::string_view key) {
  const auto text = request.parameter(key);
  if (!text) return std::optional<std::uint64_t>{};
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return failure("cannot read the parameter \"" + std::string{key} +
                   "\": it must be a whole number");
  }
  return std::optional{value};
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  static constexpr std::string_view unreserved = "-._~";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alphanumeric(c) || unreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace mcpctl::control
