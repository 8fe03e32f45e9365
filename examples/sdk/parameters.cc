#include "sdk/parameters.h"

#include <algorithm>
#include <utility>

namespace sdk {

namespace {

std::string with_article(const std::string& type) {
  return (type == "integer" || type == "object" || type == "array" ? "an " : "a ") + type;
}

/// The argument if it is there and of the right type; a null pointer if it may be absent.
template <typename T>
std::expected<const Json*, std::string> find(const Parameter<T>& parameter, const Json& arguments,
                                             bool (Json::*is_right)() const noexcept) {
  const std::string wanted = with_article(parameter.schema["type"].template get<std::string>());
  const auto found = arguments.find(parameter.name);
  if (found == arguments.end()) {
    if (parameter.otherwise) return nullptr;
    return std::unexpected("the argument '" + parameter.name + "' (" + wanted + ") is missing");
  }
  if (!((*found).*is_right)()) {
    const std::string got = found->is_null() ? "null" : with_article(found->type_name());
    return std::unexpected("the argument '" + parameter.name + "' must be " + wanted + ", not " +
                           got);
  }
  return &*found;
}

}  // namespace

Parameter<double> number(std::string name, std::string description) {
  return {std::move(name), {{"type", "number"}, {"description", std::move(description)}}};
}

Parameter<std::int64_t> integer(std::string name, std::string description, std::int64_t min,
                                std::int64_t max) {
  Json schema{{"type", "integer"}, {"description", std::move(description)}};
  if (min != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = min;
  if (max != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = max;
  return {std::move(name), std::move(schema)};
}

Parameter<std::string> text(std::string name, std::string description) {
  return {std::move(name), {{"type", "string"}, {"description", std::move(description)}}};
}

Parameter<std::string> choice(std::string name, std::string description,
                              std::vector<std::string> values) {
  Parameter<std::string> parameter = text(std::move(name), std::move(description));
  parameter.schema["enum"] = std::move(values);
  return parameter;
}

std::expected<double, std::string> read(const Parameter<double>& parameter, const Json& arguments) {
  const auto found = find(parameter, arguments, &Json::is_number);
  if (!found) return std::unexpected(found.error());
  return *found == nullptr ? *parameter.otherwise : (*found)->get<double>();
}

std::expected<std::int64_t, std::string> read(const Parameter<std::int64_t>& parameter,
                                              const Json& arguments) {
  const auto found = find(parameter, arguments, &Json::is_number_integer);
  if (!found) return std::unexpected(found.error());
  if (*found == nullptr) return *parameter.otherwise;
  using Limits = std::numeric_limits<std::int64_t>;
  const std::int64_t min = parameter.schema.value("minimum", Limits::min());
  const std::int64_t max = parameter.schema.value("maximum", Limits::max());
  const bool too_large = (*found)->is_number_unsigned() &&
                         (*found)->get<std::uint64_t>() > static_cast<std::uint64_t>(max);
  const auto value = (*found)->get<std::int64_t>();
  if (too_large || value < min || value > max) {
    return std::unexpected("the argument '" + parameter.name + "' must be between " +
                           std::to_string(min) + " and " + std::to_string(max) + ", not " +
                           (*found)->dump());
  }
  return value;
}

std::expected<std::string, std::string> read(const Parameter<std::string>& parameter,
                                             const Json& arguments) {
  const auto found = find(parameter, arguments, &Json::is_string);
  if (!found) return std::unexpected(found.error());
  if (*found == nullptr) return *parameter.otherwise;
  auto value = (*found)->get<std::string>();
  const auto values = parameter.schema.find("enum");
  if (values == parameter.schema.end() || std::ranges::find(*values, **found) != values->end()) {
    return value;
  }
  std::string allowed;
  for (const Json& one : *values) {
    allowed += (allowed.empty() ? "'" : ", '") + one.get<std::string>() + "'";
  }
  return std::unexpected("the argument '" + parameter.name + "' must be one of " + allowed +
                         ", not '" + value + "'");
}

std::vector<std::string> unknown_arguments(const Json& schema, const Json& arguments) {
  std::vector<std::string> problems;
  for (const auto& argument : arguments.items()) {
    if (!schema["properties"].contains(argument.key())) {
      problems.push_back("there is no argument '" + argument.key() + "'");
    }
  }
  return problems;
}

}  // namespace sdk
