#include "gateway/list_fetch.h"

#include <utility>

#include "mcp/raw.h"
#include "relay/message.h"

namespace mcpctl::gateway {
namespace {

// A server whose list never ends must not fill our memory.
constexpr unsigned most_pages = 1'000;
constexpr std::size_t most_bytes = 16u << 20;

}  // namespace

ListFetch::ListFetch(Upstream& server, Downstream& client, relay::Listing listing,
                     loop::Callback<Result<Items>> done)
    : client_(client), listing_(listing), done_(std::move(done)) {
  server.describe([this, alive = std::weak_ptr{alive_}](const Described& described_server) {
    if (!alive.expired()) described(described_server);
  });
}

void ListFetch::described(const Described& server) {
  if (!server) return finish(std::unexpected{server.error()});
  if (!relay::is_offered(listing_, *server)) return finish(Items{});
  ask({});
}

void ListFetch::ask(std::string_view raw_cursor) {
  const std::string params =
      raw_cursor.empty() ? "" : R"({"cursor":)" + std::string{raw_cursor} + '}';
  auto request = relay::read_request(
      relay::request_message("1", relay::json_string(relay::method_name(listing_)), params));
  if (!request) return finish(failure("it has a cursor that cannot be sent"));
  call_ = client_.call(std::move(*request), *this);
}

void ListFetch::on_response(std::string text) noexcept {
  const auto envelope = mcp::scan(text);
  if (!envelope || envelope->kind != mcp::Kind::response) {
    const auto why = envelope ? mcp::string_value(envelope->error_message.in(text)) : std::nullopt;
    return finish(failure(why.value_or("it has not answered in JSON-RPC")));
  }
  relay::Page page = relay::read_page(listing_, envelope->result.in(text));
  for (std::string& item : page.items) {
    bytes_ += item.size();
    items_.push_back(std::move(item));
  }
  if (!page.cursor) return finish(std::move(items_));
  if (++pages_ == most_pages || bytes_ > most_bytes) return finish(failure("its list is too long"));
  ask(*page.cursor);
}

void ListFetch::finish(Result<Items> items) {
  call_.reset();
  auto done = std::move(done_);
  done(std::move(items));
}

}  // namespace mcpctl::gateway
