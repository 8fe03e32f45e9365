#include "relay/lists.h"

#include <algorithm>
#include <set>
#include <utility>

#include "mcp/raw.h"
#include "mcp/splice.h"
#include "relay/edits.h"
#include "relay/message.h"
#include "relay/names.h"
#include "relay/task_extension.h"

namespace mcpctl::relay {
namespace {

struct Words {
  std::string_view method;      ///< "tools/list"
  std::string_view member;      ///< of the result
  std::string_view key;         ///< of an item: what it is called by
  std::string_view capability;  ///< of the server
};

constexpr std::array<Words, listings.size() + 1> words{
    {{"tools/list", "tools", "name", "tools"},
     {"prompts/list", "prompts", "name", "prompts"},
     {"resources/list", "resources", "uri", "resources"},
     {"resources/templates/list", "resourceTemplates", "uriTemplate", "resources"},
     {"tasks/list", "tasks", "taskId", "tasks"}}};

constexpr std::size_t index(Listing listing) { return static_cast<std::size_t>(listing); }

bool is_renamed(Listing listing) {
  return listing == Listing::tools || listing == Listing::prompts;
}

/// A URI template (RFC 6570) as a glob: an expression stands for anything.  Literal
/// '*' and '?' match more than themselves, which no other server's URI is likely to be.
std::string glob_of(std::string_view uri_template) {
  std::string glob;
  for (std::size_t at = 0; at < uri_template.size(); ++at) {
    if (uri_template[at] != '{') {
      glob += uri_template[at];
      continue;
    }
    glob += '*';
    at = std::min(uri_template.find('}', at), uri_template.size() - 1);
  }
  return glob;
}

std::string key_of(Listing listing, std::string_view item) {
  return mcp::string_value(mcp::member(item, words[index(listing)].key)).value_or("");
}

/// Of the legacy era (MCP 2025-11-25, tasks); later it is an extension.
std::string_view task_capability(const ServerProfile& server) {
  if (server.era != mcp::Era::legacy) return {};
  return mcp::member(server.capabilities, "tasks");
}

/// What any server can do with tasks, a raw object; empty: none has any.
std::string joint_tasks(const std::vector<Offer>& offers) {
  const auto any = [&](auto is_so) {
    return std::ranges::any_of(offers, [&](const Offer& offer) {
      return offer.profile && is_so(task_capability(*offer.profile));
    });
  };
  std::string members;
  const auto add = [&](bool is_so, std::string_view member) {
    if (!is_so) return;
    members += members.empty() ? "" : ",";
    members += member;
  };
  add(any([](std::string_view tasks) { return declares(tasks, "list"); }), R"("list":{})");
  add(any([](std::string_view tasks) { return declares(tasks, "cancel"); }), R"("cancel":{})");
  add(any([](std::string_view tasks) {
        return declares(mcp::member(mcp::member(tasks, "requests"), "tools"), "call");
      }),
      R"("requests":{"tools":{"call":{}}})");
  return members.empty() ? "" : '{' + members + '}';
}

/// `text` with the raw value `part` of it replaced.
std::string replaced(std::string_view text, std::string_view part, std::string_view with) {
  const auto at = static_cast<std::size_t>(part.data() - text.data());
  return mcp::splice(text, {at, part.size()}, with);
}

}  // namespace

std::string_view method_name(Listing listing) { return words[index(listing)].method; }

std::optional<Listing> listing_of(Method method) {
  switch (method) {
    case Method::tools_list: return Listing::tools;
    case Method::prompts_list: return Listing::prompts;
    case Method::resources_list: return Listing::resources;
    case Method::resource_templates_list: return Listing::resource_templates;
    default: return std::nullopt;
  }
}

bool is_offered(Listing listing, const ServerProfile& server) {
  if (listing == Listing::tasks) return declares(task_capability(server), "list");
  return declares(server.capabilities, words[index(listing)].capability);
}

Page read_page(Listing listing, std::string_view raw_result) {
  Page page;
  mcp::RawArray items{mcp::member(raw_result, words[index(listing)].member)};
  while (const auto item = items.next()) {
    if (item->starts_with('{')) page.items.emplace_back(*item);
  }
  const std::string_view cursor = mcp::member(raw_result, "nextCursor");
  if (cursor.starts_with('"')) page.cursor = cursor;
  return page;
}

ServerProfile joint_profile(const std::vector<Offer>& offers, std::string_view info) {
  const auto any = [&](auto... names) {
    return std::ranges::any_of(offers, [&](const Offer& offer) {
      return offer.profile && declares(offer.profile->capabilities, names...);
    });
  };
  std::string capabilities = "{";
  const auto put = [&](std::string_view name, std::string_view value) {
    if (capabilities.size() > 1) capabilities += ',';
    capabilities += json_string(name) + ':';
    capabilities += value;
  };
  const auto add = [&](std::string_view name, std::string_view value) {
    if (any(name)) put(name, value);
  };
  // A list changes with the fleet, whatever its servers say.
  constexpr std::string_view changing = R"({"listChanged":true})";
  add("tools", changing);
  add("prompts", changing);
  add("resources", any(std::string_view{"resources"}, std::string_view{"subscribe"})
                       ? R"({"subscribe":true,"listChanged":true})"
                       : changing);
  add("logging", "{}");
  add("completions", "{}");
  if (const std::string tasks = joint_tasks(offers); !tasks.empty()) put("tasks", tasks);
  const bool any_extended = std::ranges::any_of(offers, [](const Offer& offer) {
    return offer.profile && offer.profile->era == mcp::Era::modern &&
           knows_task_extension(offer.profile->capabilities);
  });
  if (any_extended) put("extensions", mcp::member(task_extension_alone, "extensions"));

  std::string instructions;
  for (const Offer& offer : offers) {
    if (!offer.profile) continue;
    const auto own = mcp::string_value(offer.profile->instructions);
    if (!own || own->empty()) continue;
    if (!instructions.empty()) instructions += "\n\n";
    instructions += name_prefix(offer.server) + ": " + *own;
  }
  return {.era = mcp::Era::modern,
          .revision = mcp::newest_modern,
          .server_info = std::string{info},
          .capabilities = capabilities + '}',
          .instructions = instructions.empty() ? "" : json_string(instructions)};
}

void Missing::add(std::string_view server, std::string_view why) {
  if (!members_.empty()) members_ += ',';
  members_ += json_string(server) + ':' + json_string(why);
}

std::string Missing::meta() const {
  return members_.empty() ? "" : R"("mcpctl/missing":{)" + members_ + '}';
}

Catalog::Catalog(std::vector<Member> servers) {
  for (Member& member : servers) {
    Server& server = servers_.emplace_back();
    server.prefix = name_prefix(member.server);
    server.name = std::move(member.server);
    server.tools = std::move(member.tools);
  }
}

void Catalog::set(std::string_view name, Listing listing, std::vector<std::string> items) {
  Server* server = find(name);
  if (server == nullptr) return;
  List& list = server->lists[index(listing)];
  list = {.is_known = true, .why = {}, .items = {}};
  if (is_renamed(listing)) server->names[index(listing)].clear();
  for (std::string& item : items) {
    const std::string key = key_of(listing, item);
    if (key.empty()) continue;
    if (listing == Listing::tools && !server->tools.allows(key)) continue;
    if (is_renamed(listing)) {
      std::string joined = joined_name(server->prefix, key);
      item = replaced(item, mcp::member(item, "name"), json_string(joined));
      if (!server->names[index(listing)].emplace(std::move(joined), key).second) continue;
    }
    list.items.push_back(std::move(item));
  }
}

void Catalog::set_missing(std::string_view name, Listing listing, std::string why) {
  if (Server* server = find(name)) {
    server->lists[index(listing)] = {.is_known = true, .why = std::move(why), .items = {}};
  }
}

bool Catalog::is_known(std::string_view name, Listing listing) const {
  const Server* server = find(name);
  return server != nullptr && server->lists[index(listing)].is_known;
}

void Catalog::forget(std::string_view name, Listing listing) {
  if (Server* server = find(name)) server->lists[index(listing)].is_known = false;
}

std::string list_result(Listing listing, const std::vector<std::string>& items, mcp::Era era,
                        std::string_view raw_meta) {
  std::string result = "{";
  if (era == mcp::Era::modern) {
    result += R"("resultType":"complete","ttlMs":0,"cacheScope":"private",)";
  }
  result += json_string(words[index(listing)].member) + ":[";
  for (const std::string& item : items) {
    if (&item != items.data()) result += ',';
    result += item;
  }
  result += ']';
  if (!raw_meta.empty()) result += R"(,"_meta":{)" + std::string{raw_meta} + '}';
  return result + '}';
}

std::string Catalog::result(Listing listing, mcp::Era era) const {
  std::vector<std::string> items;
  Missing missing;
  std::set<std::string, std::less<>> keys;
  for (const Server& server : servers_) {
    const List& list = server.lists[index(listing)];
    for (const std::string& item : list.items) {
      if (!keys.insert(key_of(listing, item)).second) continue;
      items.push_back(item);
    }
    if (!list.why.empty()) missing.add(server.name, list.why);
  }
  return list_result(listing, items, era, missing.meta());
}

std::optional<Catalog::Route> Catalog::route(const Request& request) const {
  const mcp::Envelope& envelope = request.envelope;
  const auto by_uri = [&](std::string_view raw) -> std::optional<Route> {
    const auto uri = mcp::string_value(raw);
    const Server* server = uri ? owner_of_uri(*uri) : nullptr;
    if (server == nullptr) return std::nullopt;
    return Route{server->name, request};
  };
  switch (method_of(envelope.method.in(request.text))) {
    case Method::tools_call: return route_by_name(request, envelope.params_name, true);
    case Method::prompts_get: return route_by_name(request, envelope.params_name, false);
    case Method::resources_read:
    case Method::resources_subscribe:
    case Method::resources_unsubscribe: return by_uri(envelope.params_uri.in(request.text));
    case Method::completion: {
      const std::string_view ref = envelope.params_ref.in(request.text);
      const std::string_view name = mcp::member(ref, "name");
      if (name.empty()) return by_uri(mcp::member(ref, "uri"));
      const auto at = static_cast<std::size_t>(name.data() - request.text.data());
      return route_by_name(request, {at, name.size()}, false);
    }
    default: return std::nullopt;
  }
}

std::optional<Catalog::Route> Catalog::route_by_name(const Request& request, mcp::Span name,
                                                     bool is_tool) const {
  const auto joined = mcp::string_value(name.in(request.text));
  if (!joined) return std::nullopt;
  const SplitName split = split_name(*joined);
  const auto server = std::ranges::find(servers_, split.prefix, &Server::prefix);
  if (server == servers_.end()) return std::nullopt;
  // A name we have not listed yet is the server's own: it may know better than its list.
  std::string own{split.name};
  const auto& names = server->names[is_tool ? 0 : 1];
  if (const auto known = names.find(*joined); known != names.end()) own = known->second;
  if (is_tool && !server->tools.allows(own)) return std::nullopt;
  auto rewritten = read_request(mcp::splice(request.text, name, json_string(own)));
  if (!rewritten) return std::nullopt;
  rewritten->trace = request.trace;
  return Route{server->name, std::move(*rewritten)};
}

/// By the lists, then by the templates; in the order of the servers.
const Catalog::Server* Catalog::owner_of_uri(std::string_view uri) const {
  for (const Listing listing : {Listing::resources, Listing::resource_templates}) {
    for (const Server& server : servers_) {
      for (const std::string& item : server.lists[index(listing)].items) {
        const std::string key = key_of(listing, item);
        if (listing == Listing::resources ? key == uri : matches_glob(glob_of(key), uri)) {
          return &server;
        }
      }
    }
  }
  return nullptr;
}

Catalog::Server* Catalog::find(std::string_view server) {
  const auto found = std::ranges::find(servers_, server, &Server::name);
  return found == servers_.end() ? nullptr : &*found;
}

const Catalog::Server* Catalog::find(std::string_view server) const {
  const auto found = std::ranges::find(servers_, server, &Server::name);
  return found == servers_.end() ? nullptr : &*found;
}

}  // namespace mcpctl::relay
