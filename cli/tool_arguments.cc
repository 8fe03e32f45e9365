#include "cli/tool_arguments.h"

#include <nlohmann/json.hpp>

#include "mcp/envelope.h"

namespace mcpctl::cli {
namespace {

using Json = nlohmann::ordered_json;

/// As JSON, if it is some that others can read, too: nlohmann recurses as deep as it goes.
Json value_of(const std::string& text) {
  const std::string probe = R"({"jsonrpc":"2.0","id":1,"result":)" + text + '}';
  Json value =
      mcp::scan(probe) ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
  return value.is_discarded() ? Json(text) : value;
}

}  // namespace

Result<std::string> tool_arguments_from_words(const std::vector<std::string>& words) {
  Json arguments = Json::object();
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return failure("call: \"" + word + "\" is no KEY=VALUE");
    }
    const std::string key = word.substr(0, equals);
    if (arguments.contains(key)) return failure("call: " + key + " is given twice");
    arguments[key] = value_of(word.substr(equals + 1));
  }
  return arguments.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> tool_arguments_from_json(const std::string& text) {
  const std::string probe = R"({"jsonrpc":"2.0","id":1,"result":)" + text + '}';
  const auto read = mcp::scan(probe);
  const auto object = read ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
  if (!object.is_object()) return failure("call: the arguments are no JSON object");
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mcpctl::cli
