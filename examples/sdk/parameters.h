// Typed arguments: one Parameter<T> is at once the JSON Schema that the client sees
// (2020-12), the check of what it sends, and the C++ value that the tool receives.
#pragma once
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "sdk/call.h"

namespace sdk {

template <typename T>
struct Parameter {
  std::string name;
  Json schema;
  std::optional<T> otherwise{};  ///< taken when absent; without it the argument is required

  Parameter or_else(T value) && {
    schema["default"] = value;
    otherwise = std::move(value);
    return std::move(*this);
  }
};

Parameter<double> number(std::string name, std::string description);
Parameter<std::int64_t> integer(std::string name, std::string description,
                                std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                std::int64_t max = std::numeric_limits<std::int64_t>::max());
Parameter<std::string> text(std::string name, std::string description);
/// One of `values`.
Parameter<std::string> choice(std::string name, std::string description,
                              std::vector<std::string> values);

/// The value of one argument, or a sentence that says what it must be.  `arguments` is
/// an object.
std::expected<double, std::string> read(const Parameter<double>& parameter, const Json& arguments);
std::expected<std::int64_t, std::string> read(const Parameter<std::int64_t>& parameter,
                                              const Json& arguments);
std::expected<std::string, std::string> read(const Parameter<std::string>& parameter,
                                             const Json& arguments);

template <typename... T>
using Parameters = std::tuple<Parameter<T>...>;

template <typename... T>
Parameters<T...> parameters(Parameter<T>... all) {
  return {std::move(all)...};
}

/// The input schema of a tool; no other arguments are allowed.
template <typename... T>
Json schema_of(const Parameters<T...>& all) {
  Json schema{{"type", "object"}, {"properties", Json::object()}};
  Json required = Json::array();
  const auto add = [&](const auto& one) {
    schema["properties"][one.name] = one.schema;
    if (!one.otherwise) required.push_back(one.name);
  };
  std::apply([&](const auto&... one) { (add(one), ...); }, all);
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

/// The arguments that `schema` does not know, one sentence each.
std::vector<std::string> unknown_arguments(const Json& schema, const Json& arguments);

}  // namespace sdk
