#include "relay/list_watch.h"

#include <string>
#include <utility>

#include "mcp/framing.h"
#include "mcp/raw.h"
#include "relay/edits.h"
#include "relay/message.h"

namespace mcpctl::relay {
namespace {

// A server whose list never ends is not asked for ever.
constexpr unsigned most_pages = 1'000;
constexpr std::size_t most_bytes = 16u << 20;

/// FNV-1a: of what nothing was added to.
constexpr std::uint64_t nothing = 0xcbf29ce484222325u;

std::uint64_t with_item(std::uint64_t fingerprint, std::string_view item) {
  const auto add = [&](unsigned char byte) {
    fingerprint ^= byte;
    fingerprint *= 0x100000001b3u;
  };
  for (const char byte : item) add(static_cast<unsigned char>(byte));
  add('\n');  // which no item has: see mcp::put_on_one_line()
  return fingerprint;
}

Heard::What news_of(Listing listing) {
  switch (listing) {
    case Listing::tools: return Heard::What::tools_changed;
    case Listing::prompts: return Heard::What::prompts_changed;
    case Listing::resources:
    case Listing::resource_templates:
    case Listing::tasks: break;
  }
  return Heard::What::resources_changed;
}

}  // namespace

void ListWatch::opened(ServerProfile server, std::function<std::uint64_t()> take_id) {
  closed();
  is_open_ = true;
  server_ = std::move(server);
  take_id_ = std::move(take_id);
}

void ListWatch::closed() {
  for (List& list : lists_) {
    if (was_asked_ && list.known != Known::yes) {
      list.is_doubtful = true;
      forget(list);
    }
    list.known = Known::no;
  }
  is_open_ = was_asked_ = false;
  question_ = {};
}

void ListWatch::ask() {
  if (!is_open_) return;
  was_asked_ = true;
  for (List& list : lists_) {
    if (list.known == Known::not_any_more) list.known = Known::no;
  }
  for (const Listing listing : listings) {
    if (at(listing).known == Known::no && !is_offered(listing, server_))
      learn(listing, nothing, {});
  }
  if (question_.id == 0) ask_next();
}

/// One list after the other: clients' requests stand in the same line.
void ListWatch::ask_next() {
  for (const Listing listing : listings) {
    if (at(listing).known != Known::no) continue;
    question_ = {.listing = listing, .fingerprint = nothing};
    return ask_page({});
  }
}

void ListWatch::ask_page(std::string_view raw_cursor) {
  const std::string_view method = method_name(question_.listing);
  std::string params;
  if (!raw_cursor.empty()) params = "\"cursor\":" + std::string{raw_cursor};
  if (server_.era == mcp::Era::modern) {
    const Asker us{.era = mcp::Era::modern,
                   .revision = server_.revision,
                   .info = R"({"name":"mcpctl","version":"0"})",
                   .capabilities = "{}"};
    params =
        "\"_meta\":{" + modern_meta(us, us.revision) + '}' + (params.empty() ? "" : ",") + params;
  }
  if (!params.empty()) params = '{' + params + '}';
  question_.id = take_id_();
  outputs_.emplace_back(
      ToServer{.text = request_message(Digits{question_.id}, json_string(method), params),
               .id = question_.id,
               .headers = std::make_unique<InHeaders>(std::string{method})});
}

void ListWatch::changed(Heard::What what) {
  for (const Listing listing : listings) {
    if (news_of(listing) != what) continue;
    forget(at(listing));
    at(listing) = {.known = Known::not_any_more};
  }
}

void ListWatch::missed() {
  for (List& list : lists_) {
    if (list.known == Known::yes) list.known = Known::no;
  }
}

bool ListWatch::lost(std::uint64_t id) {
  if (id == 0 || id != question_.id) return false;
  question_ = {};
  return true;
}

bool ListWatch::take(std::string_view text, const mcp::Envelope& envelope) {
  const bool answers = envelope.kind == mcp::Kind::response || envelope.kind == mcp::Kind::error;
  if (!answers || question_.id == 0) return false;
  const auto id = mcp::integer_value(envelope.id.in(text));
  if (!id || static_cast<std::uint64_t>(*id) != question_.id) return false;
  question_.id = 0;
  if (envelope.kind == mcp::Kind::response) {
    Page page = read_page(question_.listing, envelope.result.in(text));
    for (std::string& item : page.items) {
      mcp::put_on_one_line(item);  // as a pretty-printed answer of HTTP is not
      question_.fingerprint = with_item(question_.fingerprint, item);
      question_.bytes += item.size();
      if (keeps_) question_.items.push_back(std::move(item));
    }
    const bool goes_on =
        page.cursor && ++question_.pages < most_pages && question_.bytes <= most_bytes;
    if (goes_on) {
      ask_page(*page.cursor);
      return true;
    }
    if (!page.cursor) learn(question_.listing, question_.fingerprint, std::move(question_.items));
  }
  // What it does not tell us it does not tell clients either.
  List& list = at(question_.listing);
  if (list.known == Known::no) list.known = Known::yes;
  ask_next();
  return true;
}

/// As it is in this conversation.
void ListWatch::learn(Listing listing, std::uint64_t fingerprint, Items items) {
  List& list = at(listing);
  if (list.known == Known::not_any_more) return;  // while we were listing it
  const bool is_other = list.is_doubtful || (list.seen && *list.seen != fingerprint);
  if (is_other) outputs_.emplace_back(Heard{.what = news_of(listing)});
  list.known = Known::yes;
  list.is_doubtful = false;
  list.seen = fingerprint;
  if (!keeps_) return forget(list);
  if (list.items == items) return;
  list.items = std::move(items);
  ++changes_;
}

void ListWatch::forget(List& list) {
  if (list.items) ++changes_;
  list.items.reset();
}

const ListWatch::Items* ListWatch::items(Listing listing) const {
  const List& list = lists_[static_cast<std::size_t>(listing)];
  return list.items ? &*list.items : nullptr;
}

void ListWatch::recall(Listing listing, Items items) {
  List& list = at(listing);
  list.seen = nothing;
  for (const std::string& item : items) list.seen = with_item(*list.seen, item);
  list.items = std::move(items);
}

std::vector<Output> ListWatch::take_outputs() { return std::exchange(outputs_, {}); }

}  // namespace mcpctl::relay
