#include "bench/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace mcpctl::bench {
namespace {

constexpr double width = 640;
constexpr double height = 400;
constexpr double left_edge = 70;
constexpr double right = 20;
constexpr double top = 40;
constexpr double bottom = 50;

// Told apart also without colours: by their dashes.
constexpr std::array colors{"#1f5fa8", "#b3541e", "#3a7d44", "#7a3b8f"};
constexpr std::array dashes{"none", "6 3", "2 3", "8 3 2 3"};

/// The powers of ten around what there is to show.
struct Range {
  double low{1e300};
  double high{1e-300};

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void round_out() {
    low = std::pow(10, std::floor(std::log10(low)));
    high = std::pow(10, std::ceil(std::log10(high)));
    if (high <= low) high = low * 10;
  }
  double share(double value) const { return std::log(value / low) / std::log(high / low); }
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

class Picture {
 public:
  explicit Picture(const Plot& plot) : plot_(plot) {
    for (const Curve& curve : plot.curves) {
      for (const auto& [x, y] : curve.points) {
        x_.include(x);
        y_.include(y);
      }
    }
    x_.round_out();
    y_.round_out();
  }

  std::string draw() {
    svg_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " +
           number(height) + "\" font-family=\"sans-serif\" font-size=\"12\">\n" +
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    text(width / 2, 20, "middle", plot_.title);
    text((left_edge + width - right) / 2, height - 12, "middle", plot_.x_label);
    svg_ += "<g transform=\"translate(16 " + number(height / 2) + ") rotate(-90)\">";
    text(0, 0, "middle", plot_.y_label);
    svg_ += "</g>\n";
    for (double x = x_.low; x <= x_.high * 1.01; x *= 10) {
      line(at_x(x), top, at_x(x), height - bottom);
      text(at_x(x), height - bottom + 16, "middle", number(x));
    }
    for (double y = y_.low; y <= y_.high * 1.01; y *= 10) {
      line(left_edge, at_y(y), width - right, at_y(y));
      text(left_edge - 6, at_y(y) + 4, "end", number(y));
    }
    for (std::size_t i = 0; i < plot_.curves.size(); ++i) curve(i);
    return svg_ + "</svg>\n";
  }

 private:
  double at_x(double x) const { return left_edge + x_.share(x) * (width - left_edge - right); }
  double at_y(double y) const { return height - bottom - y_.share(y) * (height - top - bottom); }

  void text(double x, double y, const char* anchor, const std::string& words) {
    svg_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor +
            "\">" + words + "</text>\n";
  }

  void line(double x1, double y1, double x2, double y2) {
    svg_ += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
            "\" y2=\"" + number(y2) + "\" stroke=\"#ddd\"/>\n";
  }

  void curve(std::size_t index) {
    const std::string pen = std::string{"\" fill=\"none\" stroke=\""} + colors.at(index) +
                            "\" stroke-width=\"2\" stroke-dasharray=\"" + dashes.at(index) +
                            "\"/>\n";
    svg_ += "<polyline points=\"";
    for (const auto& [x, y] : plot_.curves[index].points) {
      svg_ += number(at_x(x)) + "," + number(at_y(y)) + " ";
    }
    svg_ += pen;
    const double y = top + 14 + 18 * static_cast<double>(index);
    svg_ += "<polyline points=\"" + number(left_edge + 12) + "," + number(y - 4) + " " +
            number(left_edge + 42) + "," + number(y - 4) + pen;
    text(left_edge + 48, y, "start", plot_.curves[index].name);
  }

  const Plot& plot_;
  Range x_;
  Range y_;
  std::string svg_;
};

}  // namespace

std::string to_svg(const Plot& plot) { return Picture{plot}.draw(); }

}  // namespace mcpctl::bench
