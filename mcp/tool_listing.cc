// Client, the part that learns a server's tools: page by page, bounded, and again
// after the server said that they changed.
#include <algorithm>
#include <utility>

#include "mcp/client.h"
#include "mcp/raw.h"
#include "mcp/text.h"

namespace mcpctl::mcp {
namespace {

constexpr unsigned pages_limit = 100;
constexpr std::size_t tools_limit = 10'000;
constexpr std::size_t tool_name_limit = 128;  // bytes; MCP 2025-11-25 asks for at most that

/// Several list_changed in a row (server-everything sends them at once after the
/// handshake) are one reason to list, this long after the first.
constexpr Duration list_quiet{200};

/// Listings are at least this far apart, and twice as far after each that brought
/// nothing new: a server that announces a change whenever it is asked would
/// otherwise never be left alone.
constexpr Duration spacing_least{1'000};
constexpr Duration spacing_most{60'000};

std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash;
}

/// MCP 2025-11-25, ToolAnnotations; hints, and only who trusts the server acts on them.
bool declares_harmless(std::string_view tool) {
  const std::string_view hints = member(tool, "annotations");
  return member(hints, "readOnlyHint") == "true" || member(hints, "idempotentHint") == "true";
}

}  // namespace

struct Client::Listing {
  std::vector<Tool> found;
  std::optional<std::string> cursor;  ///< of the page on its way
  unsigned pages{0};
};

void Client::DropListing::operator()(Listing* listing) const noexcept { delete listing; }

void Client::send_tools_list(const std::optional<std::string>& cursor, Instant now) {
  send_request(tools_request_,
               tools_list_request(take_id(), identity_.era, options_.client, cursor),
               name(Probe::tools_list), now, options_.tools_timeout);
}

void Client::start_listing(Instant now) {
  tools_due_.reset();
  listing_.reset(new Listing{});
  send_tools_list(std::nullopt, now);
}

void Client::tools_changed(Instant now) {
  if (phase_ != Phase::ready) return;  // they are listed after the handshake anyway
  if (tools_request_) {
    list_again_ = true;
  } else if (!tools_due_) {
    tools_due_ = std::max(now + list_quiet, listed_at_ + list_spacing_);
  }
}

void Client::take_tools_page(std::string_view result, Instant now) {
  const std::string_view tools = member(result, "tools");
  if (!tools.starts_with('[')) return listing_failed("its answer has no \"tools\"", now);
  RawArray page{tools};
  while (const auto tool = page.next()) {
    if (listing_->found.size() == tools_limit) return finish_listing(true, now);
    const std::string tool_name = string_value(member(*tool, "name")).value_or(std::string{});
    listing_->found.push_back(
        {printable(tool_name, tool_name_limit), fnv1a(*tool), declares_harmless(*tool)});
  }
  // An absent cursor is the end; an empty one is a cursor like any other.
  std::optional<std::string> next = string_value(member(result, "nextCursor"));
  if (!next) return finish_listing(false, now);
  if (++listing_->pages == pages_limit || next == listing_->cursor) {
    return finish_listing(true, now);
  }
  listing_->cursor = std::move(next);
  send_tools_list(listing_->cursor, now);
}

void Client::finish_listing(bool truncated, Instant now) {
  const bool changed = tools_ != listing_->found;
  if (changed) {
    tools_ = std::move(listing_->found);
    tools_.shrink_to_fit();
  }
  listing_.reset();
  list_spacing_ =
      changed ? spacing_least : std::clamp(2 * list_spacing_, spacing_least, spacing_most);
  outputs_.emplace_back(ToolsListed{tools_.size(), changed, truncated});
  end_listing(now);
}

void Client::listing_failed(std::string why, Instant now) {
  listing_.reset();
  outputs_.emplace_back(ToolListFailed{"cannot list tools: " + std::move(why)});
  end_listing(now);
}

void Client::end_listing(Instant now) {
  listed_at_ = now;
  if (std::exchange(list_again_, false)) tools_changed(now);
}

}  // namespace mcpctl::mcp
