#include "bench/table.h"

#include <algorithm>
#include <cstdio>

namespace mcpctl::bench {

void print_heading() {
  std::printf("%-52s %10s %10s %7s  %s\n", "figure", "floor", "mcpctl", "ratio", "wanted");
  std::fflush(stdout);
}

void print(const Figure& figure) {
  const std::string what = figure.what + ", " + figure.unit;
  std::printf("%-52s ", what.c_str());
  if (figure.floor) {
    std::printf("%10.2f %10.2f %7.2f", *figure.floor, figure.mcpctl,
                *figure.floor > 0 ? figure.mcpctl / *figure.floor : 0);
  } else {
    std::printf("%10s %10.2f %7s", "", figure.mcpctl, "");
  }
  std::printf("  %s\n", figure.wanted.c_str());
  std::fflush(stdout);
}

double median(std::vector<double> values) {
  if (values.empty()) return -1;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double smallest(const std::vector<double>& values) {
  return values.empty() ? -1 : *std::ranges::min_element(values);
}

double largest(const std::vector<double>& values) {
  return values.empty() ? -1 : *std::ranges::max_element(values);
}

}  // namespace mcpctl::bench
