#include "relay/profile.h"

#include "mcp/framing.h"
#include "mcp/raw.h"
#include "relay/message.h"
#include "relay/task_extension.h"

namespace mcpctl::relay {
namespace {

/// Raw members joined to an object; what is empty is left out.
class ObjectText {
 public:
  ObjectText& add(std::string_view key, std::string_view raw) {
    if (raw.empty()) return *this;
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_ += key;
    text_ += "\":";
    text_ += raw;
    return *this;
  }
  std::string take() const { return text_ + '}'; }

 private:
  std::string text_{"{"};
};

std::string_view or_empty_object(std::string_view raw) { return raw.empty() ? "{}" : raw; }

std::string supported_versions() {
  std::string list = "[";
  for (const mcp::Revision& revision : mcp::revisions) {
    if (revision.era != mcp::Era::modern) continue;
    if (list.size() > 1) list += ',';
    list += json_string(revision.name);
  }
  return list + ']';
}

}  // namespace

bool declares(std::string_view capabilities, std::string_view name) {
  return mcp::member(capabilities, name).starts_with('{');
}

bool declares(std::string_view capabilities, std::string_view name, std::string_view member) {
  return mcp::member(mcp::member(capabilities, name), member) == "true";
}

std::string initialize_result(const ServerProfile& server, std::string_view revision) {
  constexpr std::string_view nameless = R"({"name":"unknown","version":"0"})";
  return ObjectText{}
      .add("protocolVersion", json_string(revision))
      .add("capabilities", without_task_extension(or_empty_object(server.capabilities)))
      .add("serverInfo", server.server_info.empty() ? nameless : server.server_info)
      .add("instructions", server.instructions)
      .take();
}

std::string discover_result(const ServerProfile& server) {
  const std::string meta =
      ObjectText{}.add("io.modelcontextprotocol/serverInfo", server.server_info).take();
  return ObjectText{}
      .add("resultType", "\"complete\"")
      .add("supportedVersions", supported_versions())
      .add("capabilities", or_empty_object(server.capabilities))
      .add("_meta", server.server_info.empty() ? std::string_view{} : std::string_view{meta})
      .add("instructions", server.instructions)
      .add("ttlMs", "0")
      .add("cacheScope", "\"private\"")
      .take();
}

mcp::Introduction introduction_of(const Asker& client) {
  ObjectText capabilities;
  const std::string declared = without_task_extension(client.capabilities);
  mcp::RawObject members{declared};
  while (const auto member = members.next()) {
    const std::string_view key = member->key.substr(1, member->key.size() - 2);
    if (!mcp::is_string(member->key, "tasks")) capabilities.add(key, member->value);
  }
  mcp::Introduction introduction{client.info, capabilities.take()};
  if (!introduction.info.starts_with('{')) {
    introduction.info = mcp::introduction_of({MCPCTL_VERSION}).info;
  }
  mcp::put_on_one_line(introduction.info);
  mcp::put_on_one_line(introduction.capabilities);
  return introduction;
}

}  // namespace mcpctl::relay
