#include "sdk/server.h"

#include <algorithm>

namespace sdk {

Tool& Tool::returns(Json schema) {
  listing["outputSchema"] = std::move(schema);
  return *this;
}

Tool& Tool::read_only() {
  listing["annotations"] = {{"readOnlyHint", true}, {"openWorldHint", false}};
  return *this;
}

Json Server::listing() const {
  Json tools = Json::array();
  for (const Tool& tool : tools_) tools.push_back(tool.listing);
  return tools;
}

Tool* Server::find(std::string_view name) {
  const auto found = std::ranges::find(tools_, name, &Tool::name);
  return found == tools_.end() ? nullptr : &*found;
}

Tool& Server::add(std::string name, std::string description, Json input_schema) {
  Json listing{{"name", name},
               {"description", std::move(description)},
               {"inputSchema", std::move(input_schema)}};
  return tools_.emplace_back(std::move(name), std::move(listing), nullptr);
}

namespace detail {

ToolResult invalid_arguments(const std::string& tool, const std::vector<std::string>& problems) {
  std::string text = "cannot call " + tool + ": ";
  for (const std::string& problem : problems) {
    if (&problem != &problems.front()) text += "; ";
    text += problem;
  }
  return tool_error(std::move(text));
}

}  // namespace detail

}  // namespace sdk
