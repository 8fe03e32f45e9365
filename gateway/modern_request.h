// One request of a modern client (MCP 2026-07-28): a client of its own for as long as
// it lasts.  When its connection goes, it is cancelled.  Owned by the Door.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/answer.h"
#include "gateway/floor.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class ModernRequest final : public CallSink, public DownstreamSink, public Waiter {
 public:
  /// `over` is called once, when nothing more will come, from inside a callback of the
  /// backend's or of HTTP: it must not destroy this at once.
  ModernRequest(Floor& floor, std::string server, Principal principal, Answer answer,
                std::function<void()> over);
  ~ModernRequest();

  void start(relay::Request request, const http::Headers& headers);
  /// Ends a subscription properly, anything else with an error that says why.
  void leave(std::string_view why);

  Principal principal() const { return principal_; }
  const std::string& server() const { return server_; }
  /// The address that it came from; "" once it is over.
  std::string_view peer() const {
    return answer_ ? std::string_view{answer_->visit().peer} : std::string_view{};
  }
  bool is_subscription() const { return is_subscription_; }

  void on_message(std::string_view text) noexcept override;
  void on_response(std::string text) noexcept override;
  void waited() noexcept override;

 private:
  void end();

  Floor& floor_;
  std::string server_;
  Principal principal_;
  std::optional<Answer> answer_;
  std::function<void()> over_;
  std::string raw_id_;
  bool is_subscription_{false};
  std::optional<Patience::Place> waiting_;
  std::unique_ptr<Downstream> downstream_;
  std::unique_ptr<Call> call_;
};

/// The HTTP status of a response (MCP 2026-07-28, Streamable HTTP, "error responses").
int status_of(std::optional<int> error_code);

}  // namespace mcpctl::gateway
