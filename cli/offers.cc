#include "cli/offers.h"

#include <utility>

#include "cli/api_client.h"
#include "mcp/raw.h"

namespace mcpctl::cli {
namespace {

/// A server that never stops handing out cursors.
constexpr std::size_t most_pages = 100;

}  // namespace

Result<Offerers> offerers_of(const FoundFleet& fleet) {
  auto door = door_of(fleet);
  if (!door) return std::unexpected{door.error()};
  const auto answer = call(fleet.socket, "GET", "/api/v1/servers?usage=0");
  if (!answer) return std::unexpected{answer.error()};
  auto view = read_fleet(*answer);
  if (!view) return std::unexpected{view.error()};
  return Offerers{std::move(*door), std::move(*view)};
}

Result<std::vector<std::string>> Offerers::choose(const std::vector<std::string>& named) const {
  if (!named.empty()) {
    std::string wrong = fleet.unknown_name(named);
    if (!wrong.empty()) return failure(std::move(wrong));
    return named;
  }
  std::vector<std::string> all;
  for (const ServerView& server : fleet.servers) {
    if (server.kind != "process") all.push_back(server.name);
  }
  return all;
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
