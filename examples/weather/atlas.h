// Invented weather for a few real cities: the same at every call, so that examples and
// tests can state it.  Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weather {

struct City {
  std::string_view name;
  std::string_view country;
  int temperature;  ///< °C, of an average day
};

struct Weather {
  std::string_view sky;
  int temperature;  ///< °C
  int humidity;     ///< %
  int wind;         ///< km/h
};

std::span<const City> cities();

/// Null if there is none of that name, ASCII case ignored.
const City* find_city(std::string_view name);

/// "there is no weather for 'Belin'; did you mean 'Berlin'? Known cities: …"
std::string unknown_city(std::string_view name);

/// `day` 0 is today.
Weather weather_of(const City& city, int day);

}  // namespace weather
