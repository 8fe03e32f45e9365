#include "cli/tool_result.h"

#include <algorithm>

#include "cli/terminal.h"
#include "mcp/raw.h"

namespace mcpctl::cli {
namespace {

std::string text_member(std::string_view object, std::string_view key) {
  return mcp::string_value(mcp::member(object, key)).value_or("");
}

/// Its lines, each safe to show.
std::string lines_of(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    shown += safe_line(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shown;
}

/// "[image/png, 1234 bytes of base64]"
std::string opaque(std::string_view block, std::string_view data_key) {
  const std::string type = safe_line(text_member(block, "mimeType"));
  const std::size_t size = text_member(block, data_key).size();
  return "[" + (type.empty() ? "binary" : type) + ", " + std::to_string(size) +
         " bytes of base64]\n";
}

std::string resource(std::string_view contents) {
  if (!mcp::member(contents, "text").empty()) return lines_of(text_member(contents, "text"));
  return opaque(contents, "blob");
}

}  // namespace

std::string render_tool_result(std::string_view result) {
  std::string shown;
  mcp::RawArray content{mcp::member(result, "content")};
  while (const auto block = content.next()) {
    const std::string type = text_member(*block, "type");
    if (type == "text") {
      shown += lines_of(text_member(*block, "text"));
    } else if (type == "image" || type == "audio") {
      shown += opaque(*block, "data");
    } else if (type == "resource") {
      shown += resource(mcp::member(*block, "resource"));
    } else if (type == "resource_link") {
      shown += safe_line(text_member(*block, "uri")) + '\n';
    } else {
      shown += "[" + safe_line(type) + "]\n";
    }
  }
  const std::string_view structured = mcp::member(result, "structuredContent");
  if (shown.empty() && !structured.empty()) shown = safe_line(structured) + '\n';
  return shown;
}

std::string render_resource(std::string_view result) {
  std::string shown;
  mcp::RawArray contents{mcp::member(result, "contents")};
  while (const auto one = contents.next()) shown += resource(*one);
  return shown;
}

std::string render_progress(std::string_view notification) {
  const std::string_view params = mcp::member(notification, "params");
  const std::string method = text_member(notification, "method");
  if (method == "notifications/message") {
    const std::string_view data = mcp::member(params, "data");
    return safe_line(text_member(params, "level")) + ": " +
           safe_line(mcp::string_value(data).value_or(std::string{data})) + '\n';
  }
  if (method != "notifications/progress") return "";
  std::string line = "progress " + safe_line(mcp::member(params, "progress"));
  const std::string_view total = mcp::member(params, "total");
  if (!total.empty()) line += "/" + safe_line(total);
  const std::string message = safe_line(text_member(params, "message"));
  return line + (message.empty() ? "\n" : ": " + message + '\n');
}

}  // namespace mcpctl::cli
