// One page in the Prometheus text format, family by family.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace mcpctl::control {

/// KEY="value", escaped.
std::string label(std::string_view key, std::string_view value);

class MetricPage {
 public:
  /// Begins a family; its samples follow.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// `suffix` of a histogram's samples: "_bucket", "_sum", "_count".
  void sample(const std::string& labels, double value, std::string_view suffix = "");
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace mcpctl::control
