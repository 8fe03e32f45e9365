#include "config/shallow_json.h"

namespace mcpctl::config {
namespace {

constexpr int deepest_level = 8;

}  // namespace

nlohmann::json parse_shallow(std::string_view text) {
  using nlohmann::json;
  bool too_deep = false;
  const auto limit = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > deepest_level;
    return depth <= deepest_level;
  };
  json document = json::parse(text, limit, false);
  return too_deep ? json(json::value_t::discarded) : document;
}

}  // namespace mcpctl::config
