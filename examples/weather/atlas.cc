#include "weather/atlas.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/rng.h"
#include "config/suggest.h"

namespace weather {

namespace {

constexpr std::array all{City{"Berlin", "Germany", 10},
                         City{"Buenos Aires", "Argentina", 18},
                         City{"Cairo", "Egypt", 23},
                         City{"Helsinki", "Finland", 6},
                         City{"Lagos", "Nigeria", 27},
                         City{"Lisbon", "Portugal", 17},
                         City{"London", "United Kingdom", 11},
                         City{"Mumbai", "India", 27},
                         City{"New York", "United States", 13},
                         City{"Paris", "France", 12},
                         City{"Sydney", "Australia", 18},
                         City{"Tokyo", "Japan", 16}};

constexpr std::array<std::string_view, 5> skies{"clear", "partly cloudy", "overcast", "rain",
                                                "thunderstorm"};

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::span<const City> cities() { return all; }

const City* find_city(std::string_view name) {
  const auto found =
      std::ranges::find_if(all, [&](const City& city) { return same_name(city.name, name); });
  return found == all.end() ? nullptr : &*found;
}

std::string unknown_city(std::string_view name) {
  std::vector<std::string_view> names;
  for (const City& city : all) names.push_back(city.name);
  std::string text = "there is no weather for '" + std::string{name} + "'";
  if (const auto meant = mcpctl::config::closest(name, names)) {
    text += "; did you mean '" + *meant + "'?";
  } else {
    text += ".";
  }
  text += " Known cities: ";
  for (const std::string_view known : names) {
    text += std::string{known} + (known == names.back() ? "" : ", ");
  }
  return text;
}

Weather weather_of(const City& city, int day) {
  // The name seeds the city's own sequence; each day takes four numbers of it.
  std::uint64_t seed = 0;
  for (const char c : city.name) seed = seed * 131 + static_cast<unsigned char>(c);
  mcpctl::Rng chance{seed + static_cast<std::uint64_t>(day) * 0x10001};
  const auto between = [&](int low, int high) {
    const int width = high - low + 1;
    return low + static_cast<int>(chance.below(static_cast<std::uint64_t>(width)));
  };
  Weather weather{};
  weather.sky = skies[static_cast<std::size_t>(between(0, 4))];
  weather.temperature = city.temperature + between(-4, 4);
  weather.humidity = between(35, 90);
  weather.wind = between(2, 40);
  return weather;
}

}  // namespace weather
