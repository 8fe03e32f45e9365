#include "relay/task_names.h"

#include <algorithm>
#include <vector>

#include "mcp/raw.h"
#include "relay/message.h"
#include "relay/method.h"
#include "relay/names.h"

namespace mcpctl::relay {
namespace {

using RawIds = std::vector<std::string_view>;  ///< of tasks, as they stand in a message

constexpr std::string_view task_id = "taskId";

/// What every message about a task says in its _meta.
std::string_view related_id(std::string_view meta) {
  return mcp::member(mcp::member(meta, "io.modelcontextprotocol/related-task"), task_id);
}

RawIds ids_in_result(std::string_view result, TaskAnswer answer) {
  switch (answer) {
    case TaskAnswer::nothing: return {};
    case TaskAnswer::created: return {mcp::member(mcp::member(result, "task"), task_id)};
    case TaskAnswer::instead:
      if (!mcp::is_string(mcp::member(result, "resultType"), "task")) return {};
      return {mcp::member(result, task_id)};
    case TaskAnswer::one: return {mcp::member(result, task_id)};
    case TaskAnswer::many: break;
  }
  RawIds ids;
  mcp::RawArray tasks{mcp::member(result, "tasks")};
  while (const auto task = tasks.next()) ids.push_back(mcp::member(*task, task_id));
  return ids;
}

RawIds ids_in(std::string_view text, const mcp::Envelope& envelope, TaskAnswer answer) {
  RawIds ids;
  if (envelope.kind == mcp::Kind::response) {
    ids = ids_in_result(envelope.result.in(text), answer);
    ids.push_back(related_id(envelope.result_meta.in(text)));
  } else {
    const Method method = method_of(envelope.method.in(text));
    const bool names_one =
        is_task_method(method) || method == Method::task_status || method == Method::task_changed;
    if (names_one) ids.push_back(envelope.params_task_id.in(text));
    if (method == Method::subscriptions_listen || method == Method::listening) {
      mcp::RawArray listed{mcp::member(envelope.params_notifications.in(text), "taskIds")};
      while (const auto id = listed.next()) ids.push_back(*id);
    }
    ids.push_back(related_id(envelope.params_meta.in(text)));
  }
  std::erase_if(ids, [](std::string_view id) { return !id.starts_with('"'); });
  std::ranges::sort(ids, {}, &std::string_view::data);
  return ids;
}

/// `text` with each id, plain, replaced by what `rename` makes of it.
template <class Rename>
std::string renamed(std::string_view text, TaskAnswer answer, Rename rename) {
  const auto envelope = mcp::scan(text);
  if (!envelope) return std::string{text};
  std::string out;
  const char* copied = text.data();
  for (const std::string_view id : ids_in(text, *envelope, answer)) {
    out.append(copied, id.data());
    out += json_string(rename(mcp::string_value(id).value_or("")));
    copied = id.data() + id.size();
  }
  return out.append(copied, text.data() + text.size());
}

}  // namespace

TaskAnswer task_answer_to(const Request& request, mcp::Era era) {
  const mcp::Envelope& envelope = request.envelope;
  const Method method = method_of(envelope.method.in(request.text));
  if (era == mcp::Era::modern && method == Method::tools_call) return TaskAnswer::instead;
  if (envelope.params_task) return TaskAnswer::created;
  switch (method) {
    case Method::tasks_get:
    case Method::tasks_cancel: return TaskAnswer::one;
    case Method::tasks_list: return TaskAnswer::many;
    default: return TaskAnswer::nothing;
  }
}

TaskNames::TaskNames(std::string_view server)
    : prefix_(name_prefix(server) + std::string{name_separator}) {}

bool TaskNames::is_one(std::string_view joined) const { return joined.starts_with(prefix_); }

std::string TaskNames::to_client(std::string_view text, TaskAnswer answer) const {
  return renamed(text, answer, [this](std::string id) { return prefix_ + id; });
}

std::string TaskNames::to_server(std::string_view text) const {
  return renamed(text, TaskAnswer::nothing,
                 [this](std::string id) { return is_one(id) ? id.substr(prefix_.size()) : id; });
}

}  // namespace mcpctl::relay
