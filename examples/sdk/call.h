// One tools/call under way, as its tool sees it: report progress, answer once, learn of
// a cancellation.  A synchronous tool never meets it.  Loop thread only.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sdk {

/// Keeps the order of members, so that schemas read as they were written.
using Json = nlohmann::ordered_json;

/// What a tool says.  A tool that could not do what it was asked to says so here, with
/// `is_error` (MCP 2025-11-25, tools, error handling): the model reads it and tries
/// again.  Protocol errors are for the library alone.
struct ToolResult {
  Json content = Json::array();    ///< MCP content blocks
  std::optional<Json> structured;  ///< an object that fits the tool's output schema
  bool is_error{false};
};

/// `text` is UTF-8.
ToolResult text_result(std::string text);
/// An object, for programs as it is and for models as `text`.
ToolResult structured_result(Json object, std::string text);
/// Says what is wrong and what would be right.
ToolResult tool_error(std::string text);

class Call {
 public:
  /// The request behind the call.  Whoever owns the client's side closes it.
  struct Pending {
    bool open{true};  ///< an answer would still be sent
    std::move_only_function<void(ToolResult)> answer;
    /// Empty if the client asked for no progress.
    std::move_only_function<void(double, std::optional<double>, const std::string&)> progress;
    std::move_only_function<void()> on_cancel;
  };

  // Shared, because either may end first: the tool's work, or the client with all its
  // requests.  The other one is left with something valid to ask.
  explicit Call(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  Call(Call&&) = default;
  Call& operator=(Call&&) = default;
  /// A call dropped unanswered is answered with an internal error.
  ~Call();

  /// The first answer counts; after a cancellation none does.
  void answer(ToolResult result);

  /// `done` must grow from report to report (MCP, progress); nothing is sent if the
  /// client did not ask for it.
  void progress(double done, std::optional<double> total, const std::string& message);

  /// True once cancelled, or when the client has gone: work is wasted.
  bool is_over() const { return !pending_->open; }

  /// Called at most once, when the client cancels or goes; never inside answer().
  void on_cancel(std::move_only_function<void()> callback);

 private:
  std::shared_ptr<Pending> pending_;
};

}  // namespace sdk
