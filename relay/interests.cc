#include "relay/interests.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "mcp/envelope.h"
#include "mcp/raw.h"
#include "relay/message.h"

namespace mcpctl::relay {
namespace {

/// Of one session that are remembered.
constexpr std::size_t most_tasks = 1024;

constexpr std::array<std::string_view, 8> levels{"debug", "info",     "notice", "warning",
                                                 "error", "critical", "alert",  "emergency"};

std::string_view notification_of(Heard::What what) {
  switch (what) {
    case Heard::What::tools_changed: return "notifications/tools/list_changed";
    case Heard::What::prompts_changed: return "notifications/prompts/list_changed";
    case Heard::What::resources_changed: return "notifications/resources/list_changed";
    case Heard::What::resource_updated: return "notifications/resources/updated";
    case Heard::What::task_changed: return "notifications/tasks";
  }
  return "";
}

/// A server may name a part of what was subscribed to (MCP 2026-07-28,
/// notifications/resources/updated).
bool is_within(std::string_view uri, std::string_view subscribed) {
  if (!uri.starts_with(subscribed)) return false;
  if (uri.size() == subscribed.size() || subscribed.ends_with('/')) return true;
  const char next = uri[subscribed.size()];
  return next == '/' || next == '#' || next == '?';
}

bool wants(const Wanted& wanted, const Heard& heard) {
  switch (heard.what) {
    case Heard::What::tools_changed: return wanted.tools;
    case Heard::What::prompts_changed: return wanted.prompts;
    case Heard::What::resources_changed: return wanted.resources;
    case Heard::What::resource_updated:
      return std::ranges::any_of(
          wanted.uris, [&](const std::string& uri) { return is_within(heard.subject, uri); });
    case Heard::What::task_changed: return wanted.tasks.contains(heard.subject);
  }
  return false;
}

bool is_true(std::string_view raw) { return raw == "true"; }

Wanted common(const Wanted& a, const Wanted& b) {
  Wanted both{a.tools && b.tools, a.prompts && b.prompts, a.resources && b.resources};
  std::ranges::set_intersection(a.uris, b.uris, std::inserter(both.uris, both.uris.end()));
  std::ranges::set_intersection(a.tasks, b.tasks, std::inserter(both.tasks, both.tasks.end()));
  return both;
}

std::string subscription_meta(std::string_view raw_id) {
  return R"("_meta":{"io.modelcontextprotocol/subscriptionId":)" + std::string{raw_id} + '}';
}

}  // namespace

int log_level_of(std::string_view name) {
  if (name.empty()) return -1;
  const auto found = std::ranges::find(levels, name);
  return found == levels.end() ? -1 : static_cast<int>(found - levels.begin());
}

std::string_view log_level_name(int level) {
  return level < 0 || level > 7 ? std::string_view{} : levels[static_cast<std::size_t>(level)];
}

std::string words_of(const Heard& heard) {
  if (!heard.text.empty()) return heard.text;
  std::string text = R"({"jsonrpc":"2.0","method":)" + json_string(notification_of(heard.what));
  if (!heard.subject.empty()) text += R"(,"params":{"uri":)" + json_string(heard.subject) + '}';
  return text + '}';
}

bool Wanted::covers(const Wanted& other) const {
  return (tools || !other.tools) && (prompts || !other.prompts) &&
         (resources || !other.resources) && std::ranges::includes(uris, other.uris) &&
         std::ranges::includes(tasks, other.tasks);
}

Wanted read_filter(std::string_view notifications) {
  Wanted wanted;
  wanted.tools = is_true(mcp::member(notifications, "toolsListChanged"));
  wanted.prompts = is_true(mcp::member(notifications, "promptsListChanged"));
  wanted.resources = is_true(mcp::member(notifications, "resourcesListChanged"));
  const auto read = [&](std::string_view member, auto& into) {
    mcp::RawArray names{mcp::member(notifications, member)};
    while (const auto name = names.next()) {
      if (auto plain = mcp::string_value(*name)) into.insert(std::move(*plain));
    }
  };
  read("resourceSubscriptions", wanted.uris);
  read("taskIds", wanted.tasks);
  return wanted;
}

std::string write_filter(const Wanted& wanted) {
  std::string filter = "{";
  const auto add = [&filter](bool present, std::string_view member) {
    if (!present) return;
    if (filter.size() > 1) filter += ',';
    filter += member;
  };
  add(wanted.tools, R"("toolsListChanged":true)");
  add(wanted.prompts, R"("promptsListChanged":true)");
  add(wanted.resources, R"("resourcesListChanged":true)");
  const auto add_all = [&](std::string_view member, const auto& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ",") + json_string(name);
    add(!list.empty(), json_string(member) + ":[" + list + ']');
  };
  add_all("resourceSubscriptions", wanted.uris);
  add_all("taskIds", wanted.tasks);
  return filter + '}';
}

std::string acknowledged_message(std::string_view raw_id, const Wanted& granted) {
  std::string text =
      R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{)";
  text += subscription_meta(raw_id);
  return text += R"(,"notifications":)" + write_filter(granted) + "}}";
}

void Interests::join(DownstreamId session) { sessions_[session].joined = true; }

void Interests::leave(DownstreamId downstream) {
  sessions_.erase(downstream);
  std::erase_if(listeners_,
                [&](const auto& entry) { return entry.second.downstream == downstream; });
}

void Interests::made_task(DownstreamId session, std::string id) {
  std::vector<std::string>& tasks = sessions_[session].tasks;
  if (tasks.size() == most_tasks) tasks.erase(tasks.begin());
  tasks.push_back(std::move(id));
}

bool Interests::has_made_task(DownstreamId session, std::string_view id) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() &&
         std::ranges::find(found->second.tasks, id) != found->second.tasks.end();
}

void Interests::set_log_level(DownstreamId session, std::string_view level) {
  sessions_[session].log_level = log_level_of(level);
}

void Interests::subscribe(DownstreamId session, std::string_view uri) {
  sessions_[session].uris.emplace(uri);
}

bool Interests::unsubscribe(DownstreamId session, std::string_view uri) {
  if (const auto found = sessions_.find(session); found != sessions_.end()) {
    auto& uris = found->second.uris;
    if (const auto at = uris.find(uri); at != uris.end()) uris.erase(at);
  }
  return !wanted().uris.contains(uri);
}

void Interests::listen(CallId call, DownstreamId downstream, std::string_view raw_id,
                       Wanted wanted) {
  listeners_[call] = {downstream, std::string{raw_id}, std::move(wanted)};
}

bool Interests::drop(CallId listener) { return listeners_.erase(listener) != 0; }

std::vector<ToClient> Interests::acknowledge(const Wanted& settled, const Wanted& granted) {
  std::vector<ToClient> acks;
  for (auto& [call, listener] : listeners_) {
    if (listener.acknowledged || !settled.covers(listener.wanted)) continue;
    listener.acknowledged = true;
    acks.push_back(
        {.downstream = listener.downstream,
         .call = call,
         .text = acknowledged_message(listener.raw_id, common(listener.wanted, granted))});
  }
  return acks;
}

std::vector<ToClient> Interests::end_listeners() {
  std::vector<ToClient> ends;
  for (const auto& [call, listener] : listeners_) {
    const std::string result =
        R"({"resultType":"complete",)" + subscription_meta(listener.raw_id) + '}';
    ends.push_back({.downstream = listener.downstream,
                    .call = call,
                    .text = result_message(listener.raw_id, result),
                    .is_last = true});
  }
  listeners_.clear();
  return ends;
}

Wanted Interests::wanted() const {
  Wanted all;
  for (const auto& [id, session] : sessions_) {
    if (session.joined) all.tools = all.prompts = all.resources = true;
    all.uris.insert(session.uris.begin(), session.uris.end());
  }
  for (const auto& [call, listener] : listeners_) {
    all.tools = all.tools || listener.wanted.tools;
    all.prompts = all.prompts || listener.wanted.prompts;
    all.resources = all.resources || listener.wanted.resources;
    all.uris.insert(listener.wanted.uris.begin(), listener.wanted.uris.end());
    all.tasks.insert(listener.wanted.tasks.begin(), listener.wanted.tasks.end());
  }
  return all;
}

int Interests::log_level() const {
  int least = -1;
  for (const auto& [id, session] : sessions_) {
    if (session.log_level >= 0 && (least < 0 || session.log_level < least)) {
      least = session.log_level;
    }
  }
  return least;
}

int Interests::log_level(DownstreamId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? -1 : found->second.log_level;
}

std::vector<ToClient> Interests::deliver(const Heard& heard) const {
  std::vector<ToClient> deliveries;
  const std::string words = words_of(heard);
  const auto envelope = mcp::scan(words);
  if (!envelope || envelope->kind != mcp::Kind::notification) return deliveries;
  const auto to_session = [&](DownstreamId id) {
    deliveries.push_back({.downstream = id, .text = in_subscription(words, *envelope, {})});
  };
  for (const auto& [id, session] : sessions_) {
    const Wanted all{session.joined, session.joined, session.joined, session.uris};
    if (wants(all, heard)) to_session(id);
  }
  for (const auto& [call, listener] : listeners_) {
    if (!listener.acknowledged || !wants(listener.wanted, heard)) continue;
    deliveries.push_back({.downstream = listener.downstream,
                          .call = call,
                          .text = in_subscription(words, *envelope, listener.raw_id)});
  }
  return deliveries;
}

}  // namespace mcpctl::relay
