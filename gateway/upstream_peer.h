// One process of an Upstream's server (or the server elsewhere), and the conversation with
// it.  For upstream*.cc only.
//
// Told of its channel's news, and passes them on; decides nothing.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http_upstream.h"
#include "gateway/upstream.h"
#include "relay/link.h"
#include "runtime/channel.h"

namespace mcpctl::gateway {

/// What the configuration shows of a server's tools.
inline relay::ToolFilter tools_of(const config::Server& server) {
  return {.enabled = server.enabled_tools, .disabled = server.disabled_tools};
}

class Upstream::Peer final : public runtime::ChannelListener {
 public:
  explicit Peer(Upstream& of) : upstream(of) {}
  ~Peer() { detach(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void attach(runtime::Channel& to) {
    channel = &to;
    to.listen(this);
  }
  void detach() {
    if (channel != nullptr) channel->listen(nullptr);
    channel = nullptr;
  }

  void on_change() noexcept override { upstream.on_change(); }
  bool on_message(std::string_view text, const mcp::Envelope& envelope) noexcept override;
  void on_writable() noexcept override;
  void on_succeeded(runtime::Channel& successor) noexcept override {
    upstream.follow_on(successor);
  }
  void on_removed() noexcept override {
    channel = nullptr;
    upstream.on_change();
  }

  /// What the server has shaken hands with; null: nothing more is to be had of it.
  const mcp::Profile* profile() const { return channel != nullptr ? channel->profile() : nullptr; }
  HttpUpstream::Callbacks http_callbacks();

  Upstream& upstream;
  runtime::Channel* channel{nullptr};
  std::optional<HttpUpstream> http;
  std::optional<relay::Link> link;
  Incarnation linked;                  ///< whose link it is
  std::string lost;                    ///< why the HTTP session was lost; empty: it was not
  std::deque<std::string> unsent;      ///< messages that the server's pipe did not take
  unsigned sent{0};                    ///< calls at the server
  std::vector<relay::Output> carried;  ///< empty: memory for the next ones
};

}  // namespace mcpctl::gateway
