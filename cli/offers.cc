#include "cli/offers.h"

#include <utility>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"
#include "mcp/raw.h"

namespace mcpctl::cli {
namespace {

/// A server that never stops handing out cursors.
constexpr std::size_t most_pages = 100;

std::unexpected<int> refuse(const std::string& why, int exit_status) {
  return std::unexpected{complain(why, exit_status)};
}

std::vector<std::string> all_that_speak_mcp(const FleetView& fleet) {
  std::vector<std::string> all;
  for (const ServerView& server : fleet.servers) {
    if (server.kind != "process") all.push_back(server.name);
  }
  return all;
}

}  // namespace

std::expected<Offerers, int> offerers_of(const Result<FoundFleet>& fleet,
                                         const std::vector<std::string>& named) {
  if (!fleet) return refuse(fleet.error().message, exit_not_running);
  auto door = door_of(*fleet);
  if (!door) return refuse(door.error().message, exit_failed);
  const auto answer = call(fleet->socket, "GET", "/api/v1/servers?usage=0");
  if (!answer) return refuse(answer.error().message, exit_failed);
  const auto view = read_fleet(*answer);
  if (!view) return refuse(view.error().message, exit_failed);
  const std::string wrong = view->unknown_name(named);
  if (!wrong.empty()) return refuse(wrong, exit_failed);
  return Offerers{fleet->name, std::move(*door), named.empty() ? all_that_speak_mcp(*view) : named};
}

std::expected<std::vector<std::string>, NoResult> list_all(const std::string& door,
                                                           const std::string& server,
                                                           const std::string& method,
                                                           std::string_view key, Duration timeout) {
  std::vector<std::string> elements;
  std::string params = "{}";
  for (std::size_t page = 0; page < most_pages; ++page) {
    const auto result = ask({.url = url_of(door, server),
                             .method = method,
                             .name = "",
                             .params = params,
                             .timeout = timeout});
    if (!result) return std::unexpected{result.error()};
    mcp::RawArray array{mcp::member(*result, key)};
    while (const auto element = array.next()) elements.emplace_back(*element);
    const std::string_view cursor = mcp::member(*result, "nextCursor");
    if (!cursor.starts_with('"')) return elements;
    params = R"({"cursor":)" + std::string{cursor} + '}';
  }
  return std::unexpected{
      NoResult{0, method + ": more than " + std::to_string(most_pages) + " pages"}};
}

}  // namespace mcpctl::cli
