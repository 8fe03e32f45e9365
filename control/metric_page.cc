#include "control/metric_page.h"

#include <cstdio>

namespace mcpctl::control {
namespace {

/// A label's value: backslash, quote and newline are escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

}  // namespace

std::string label(std::string_view key, std::string_view value) {
  return std::string{key} + "=\"" + escaped(value) + "\"";
}

void MetricPage::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  ((text_ += "# HELP ") += name) += " ";
  (text_ += help) += "\n";
  ((text_ += "# TYPE ") += name) += " ";
  (text_ += type) += "\n";
}

void MetricPage::sample(const std::string& labels, double value, std::string_view suffix) {
  (text_ += name_) += suffix;
  if (!labels.empty()) ((text_ += "{") += labels) += "}";
  ((text_ += " ") += number(value)) += "\n";
}

}  // namespace mcpctl::control
