#include "runtime/pings.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mcp/message.h"
#include "mcp/raw.h"

namespace mcpctl::runtime {
namespace {

using std::chrono::steady_clock;

mcp::Probe what_proves_life(const mcp::Client& client) {
  if (client.identity().era == mcp::Era::modern) return mcp::Probe::discover;
  return client.ping_unanswered() ? mcp::Probe::tools_list : mcp::Probe::ping;
}

std::string question(mcp::Probe what, const mcp::Client& client, mcp::ClientInfo us,
                     std::uint64_t id) {
  switch (what) {
    case mcp::Probe::ping: break;
    case mcp::Probe::discover: return mcp::discover_request(id, us);
    case mcp::Probe::tools_list:
      return mcp::tools_list_request(id, client.identity().era, us, std::nullopt);
  }
  return mcp::ping_request(id);
}

}  // namespace

mcp::Send Pings::ask(const mcp::Client& client, mcp::ClientInfo us, std::uint64_t id, Instant now,
                     Instant until, OnPong done) {
  std::erase_if(asked_, [now](const Asked& each) { return each.until <= now; });
  const mcp::Probe what = what_proves_life(client);
  asked_.push_back({id, what, steady_clock::now(), until, std::move(done)});
  return {question(what, client, us, id), mcp::name(what), id, client.identity().protocol_version};
}

bool Pings::hear(const mcp::Envelope& envelope, std::string_view message) {
  const bool is_answer = envelope.kind == mcp::Kind::response || envelope.kind == mcp::Kind::error;
  if (!is_answer || asked_.empty()) return false;
  const auto id = mcp::integer_value(envelope.id.in(message));
  if (!id || *id <= 0) return false;
  const auto number = static_cast<std::uint64_t>(*id);
  if (std::ranges::find(asked_, number, &Asked::id) == asked_.end()) return false;
  end(number, {});
  return true;
}

void Pings::failed(std::uint64_t id, std::string_view why) { end(id, failure(std::string{why})); }

/// Whoever is told may ask again.
void Pings::end(std::uint64_t id, const Result<void>& outcome) {
  const auto found = std::ranges::find(asked_, id, &Asked::id);
  if (found == asked_.end()) return;
  Asked asked = std::move(*found);
  asked_.erase(found);
  if (!outcome) return asked.done(std::unexpected{outcome.error()});
  const auto took = steady_clock::now() - asked.sent;
  asked.done(Pong{asked.what, std::chrono::duration_cast<std::chrono::microseconds>(took)});
}

}  // namespace mcpctl::runtime
