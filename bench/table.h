// What a benchmark prints: a figure per line, mcpctl's beside the floor's of the same
// run, and their ratio.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace mcpctl::bench {

struct Figure {
  std::string what;
  std::string unit;
  std::optional<double> floor;
  double mcpctl{0};
  std::string wanted;  ///< "<= 1.3 x"; may be empty
};

void print_heading();
void print(const Figure& figure);

double median(std::vector<double> values);
double smallest(const std::vector<double>& values);
double largest(const std::vector<double>& values);

}  // namespace mcpctl::bench
