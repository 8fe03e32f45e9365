#include "config/duration.h"

#include <array>
#include <optional>

#include "base/ascii.h"

namespace mcpctl::config {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array time_units{TimeUnit{"d", 86'400'000}, TimeUnit{"h", 3'600'000},
                                TimeUnit{"m", 60'000}, TimeUnit{"s", 1'000}, TimeUnit{"ms", 1}};

struct SizeUnit {
  std::string_view name;  ///< lower case
  std::uint64_t bytes;
};
constexpr std::array size_units{
    SizeUnit{"", 1},
    SizeUnit{"b", 1},
    SizeUnit{"k", 1u << 10},
    SizeUnit{"kib", 1u << 10},
    SizeUnit{"kb", 1'000},
    SizeUnit{"m", 1u << 20},
    SizeUnit{"mib", 1u << 20},
    SizeUnit{"mb", 1'000'000},
    SizeUnit{"g", 1u << 30},
    SizeUnit{"gib", 1u << 30},
    SizeUnit{"gb", 1'000'000'000},
    SizeUnit{"t", std::uint64_t{1} << 40},
    SizeUnit{"tib", std::uint64_t{1} << 40},
    SizeUnit{"tb", 1'000'000'000'000},
};

/// A decimal number as an integer and thousandths, without rounding through a double.
struct Decimal {
  std::uint64_t whole{0};
  std::uint64_t thousandths{0};
};

constexpr std::uint64_t largest_number = std::uint64_t{1} << 60;

/// Takes a number from the front of `text`, if there is one.  Beyond largest_number
/// it is not exact.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  std::size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    if (number.whole > largest_number) continue;
    number.whole = number.whole * 10 + static_cast<std::uint64_t>(text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return number;
  text.remove_prefix(1);
  for (std::uint64_t weight = 100; !text.empty() && is_digit(text[0]); weight /= 10) {
    number.thousandths += weight * static_cast<std::uint64_t>(text[0] - '0');
    text.remove_prefix(1);
  }
  return number;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_letter(text[length])) ++length;
  const std::string_view letters = text.substr(0, length);
  text.remove_prefix(length);
  return letters;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return failure("a duration is missing");
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::optional<Decimal> number = take_decimal(text);
    if (!number) return failure("not a duration; write a number and a unit, such as \"10s\"");
    const std::string_view name = take_letters(text);
    if (name.empty()) return failure("the unit is missing; use ms, s, m, h or d");
    std::size_t unit = 0;
    while (unit < time_units.size() && time_units[unit].name != name) ++unit;
    if (unit == time_units.size()) {
      return failure("unknown unit \"" + std::string{name} + "\"; use ms, s, m, h or d");
    }
    if (unit < next_unit) return failure("the units must fall, each used once, as in \"1h30m\"");
    next_unit = unit + 1;
    const std::int64_t scale = time_units[unit].milliseconds;
    if (number->whole > static_cast<std::uint64_t>(longest_duration.count())) {
      return failure("longer than a year");
    }
    total += static_cast<std::int64_t>(number->whole) * scale +
             static_cast<std::int64_t>(number->thousandths) * scale / 1000;
    if (total > longest_duration.count()) return failure("longer than a year");
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string text = duration < Duration::zero() ? "-" : "";
  // Negated in unsigned arithmetic: the most negative count has no positive twin.
  std::uint64_t rest = static_cast<std::uint64_t>(duration.count());
  if (duration < Duration::zero()) rest = 0 - rest;
  for (const TimeUnit& unit : time_units) {
    const auto scale = static_cast<std::uint64_t>(unit.milliseconds);
    if (rest < scale) continue;
    text += std::to_string(rest / scale);
    text += unit.name;
    rest %= scale;
  }
  return text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return failure("a size is missing");
  const std::optional<Decimal> number = take_decimal(text);
  if (!number) return failure("not a size; write a number and a unit, such as \"512MiB\"");
  if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  std::string name;
  for (const char c : take_letters(text)) {
    name += lower(c);
  }
  if (!text.empty()) return failure("not a size; write a number and a unit, such as \"512MiB\"");
  for (const SizeUnit& unit : size_units) {
    if (unit.name != name) continue;
    if (number->whole >= largest_number / unit.bytes) {
      return failure("too large");
    }
    const std::uint64_t fraction =
        unit.bytes / 1000 * number->thousandths + unit.bytes % 1000 * number->thousandths / 1000;
    return number->whole * unit.bytes + fraction;
  }
  return failure("unknown unit \"" + name + "\"; use KiB, MiB, GiB, or KB, MB, GB");
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> names{"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < names.size() && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string{names[unit]};
}

}  // namespace mcpctl::config
