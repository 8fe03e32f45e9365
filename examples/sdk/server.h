// A server's name and tools: what every client of it has in common.  A tool takes five
// lines (examples/math); transports (stdio.h, http.h) and peers (peer.h) only read it.
#pragma once
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "sdk/call.h"
#include "sdk/parameters.h"

namespace sdk {

struct ServerInfo {
  std::string name;
  std::string version;
  std::string instructions{};  ///< for the model; may be empty
};

struct Tool {
  std::string name;
  Json listing;  ///< as tools/list shows it
  std::move_only_function<void(const Json& arguments, Call call)> run;

  /// What structured results look like: a JSON Schema of type object.
  Tool& returns(Json schema);
  /// The same input gives the same output and nothing changes (MCP, tool annotations).
  Tool& read_only();
};

class Server {
 public:
  explicit Server(ServerInfo info) : info_(std::move(info)) {}

  /// Adds a tool.  `handler` takes the C++ values of `all`, in order, and returns a
  /// ToolResult; or it takes a Call after them, returns nothing and answers whenever it
  /// can.  Arguments that do not fit never reach it.  The reference is good until the
  /// next tool is added.
  template <typename... T, typename Handler>
    requires std::invocable<Handler&, T...> || std::invocable<Handler&, T..., Call>
  Tool& tool(std::string name, std::string description, Parameters<T...> all, Handler handler);

  const ServerInfo& info() const { return info_; }
  /// An array, for tools/list.
  Json listing() const;
  /// Null if there is none of that name.
  Tool* find(std::string_view name);

 private:
  Tool& add(std::string name, std::string description, Json input_schema);

  ServerInfo info_;
  std::vector<Tool> tools_;
};

namespace detail {

/// All problems as one result, so that the client can mend them all at once.
ToolResult invalid_arguments(const std::string& tool, const std::vector<std::string>& problems);

template <typename Handler, typename Values>
void invoke(Handler& handler, Values values, Call call) {
  std::apply(
      [&](auto&&... value) {
        if constexpr (std::invocable<Handler&, decltype(value)..., Call>) {
          handler(std::move(value)..., std::move(call));
        } else {
          call.answer(handler(std::move(value)...));
        }
      },
      std::move(values));
}

}  // namespace detail

template <typename... T, typename Handler>
  requires std::invocable<Handler&, T...> || std::invocable<Handler&, T..., Call>
Tool& Server::tool(std::string name, std::string description, Parameters<T...> all,
                   Handler handler) {
  Json schema = schema_of(all);
  Tool& added = add(name, std::move(description), schema);
  added.run = [name = std::move(name), schema = std::move(schema), all = std::move(all),
               handler = std::move(handler)](const Json& arguments, Call call) mutable {
    std::vector<std::string> problems = unknown_arguments(schema, arguments);
    auto values = std::apply(
        [&](const auto&... one) { return std::make_tuple(read(one, arguments)...); }, all);
    const auto note = [&](const auto& value) {
      if (!value) problems.push_back(value.error());
    };
    std::apply([&](const auto&... value) { (note(value), ...); }, values);
    if (!problems.empty()) return call.answer(detail::invalid_arguments(name, problems));
    std::apply(
        [&](auto&... value) {
          detail::invoke(handler, std::make_tuple(std::move(*value)...), std::move(call));
        },
        values);
  };
  return added;
}

}  // namespace sdk
