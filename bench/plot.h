// Curves as an SVG picture, both axes logarithmic: equal factors are equal distances,
// and a cost that grows in proportion is a straight line.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace mcpctl::bench {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< both above zero, x ascending
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<Curve> curves;  ///< at most four
};

std::string to_svg(const Plot& plot);

}  // namespace mcpctl::bench
