// math: four tools over stdio, in either era of MCP.
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "sdk/server.h"
#include "sdk/stdio.h"

namespace {

/// Shortest text that reads back as the same number.
std::string shown(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// JSON has no infinity: what leaves the range of a double is an error that says so.
sdk::ToolResult result_of(const std::string& task, double value) {
  if (!std::isfinite(value)) {
    return sdk::tool_error("cannot " + task + ": the result exceeds the range of a double");
  }
  return sdk::structured_result({{"result", value}}, shown(value));
}

sdk::ToolResult add(double a, double b) {
  return result_of("add " + shown(a) + " and " + shown(b), a + b);
}

sdk::ToolResult multiply(double a, double b) {
  return result_of("multiply " + shown(a) + " by " + shown(b), a * b);
}

sdk::ToolResult divide(double dividend, double divisor) {
  const std::string task = "divide " + shown(dividend) + " by " + shown(divisor);
  if (divisor == 0) {
    return sdk::tool_error("cannot " + task +
                           ": division by zero has no result; give a divisor "
                           "other than 0");
  }
  return result_of(task, dividend / divisor);
}

sdk::ToolResult power(double base, double exponent) {
  const std::string task = "raise " + shown(base) + " to the power " + shown(exponent);
  if (base == 0 && exponent < 0) {
    return sdk::tool_error("cannot " + task +
                           ": that divides by zero; give an exponent of 0 or "
                           "more");
  }
  if (base < 0 && exponent != std::floor(exponent)) {
    return sdk::tool_error("cannot " + task +
                           ": a negative base has no real result here; give a "
                           "whole exponent");
  }
  return result_of(task, std::pow(base, exponent));
}

}  // namespace

int main() {
  using sdk::number, sdk::parameters;
  sdk::Server server{{.name = "math", .version = "1.0.0"}};
  const sdk::Json output{{"type", "object"},
                         {"properties", {{"result", {{"type", "number"}}}}},
                         {"required", {"result"}}};

  server
      .tool("add", "Adds two numbers.",
            parameters(number("a", "First summand"), number("b", "Second summand")), add)
      .returns(output)
      .read_only();
  server
      .tool("multiply", "Multiplies two numbers.",
            parameters(number("a", "First factor"), number("b", "Second factor")), multiply)
      .returns(output)
      .read_only();
  server
      .tool("divide", "Divides a number by another, which must not be 0.",
            parameters(number("dividend", "What is divided"), number("divisor", "By what; not 0")),
            divide)
      .returns(output)
      .read_only();
  server
      .tool("power", "Raises a number to a power.",
            parameters(number("base", "What is raised"), number("exponent", "To which power")),
            power)
      .returns(output)
      .read_only();
  return sdk::serve_stdio(server);
}
