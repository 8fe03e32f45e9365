// One server's whole list of tools, prompts, resources or a client's tasks: asked page
// after page, as one of the server's clients asks.  Waits for a server that starts as its
// requests do.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/backend.h"
#include "gateway/upstream.h"
#include "loop/callback.h"
#include "relay/lists.h"

namespace mcpctl::gateway {

class ListFetch final : private CallSink {
 public:
  using Items = std::vector<std::string>;  ///< raw objects
  /// Calls `done` once, from the loop; the fetch may be destroyed in it.  A server that
  /// says it has no such list has an empty one.  Borrows the server and its client.
  ListFetch(Upstream& server, Downstream& client, relay::Listing listing,
            loop::Callback<Result<Items>> done);
  ListFetch(const ListFetch&) = delete;
  ListFetch& operator=(const ListFetch&) = delete;

 private:
  void described(const Described& server);
  void ask(std::string_view raw_cursor);
  void on_message(std::string_view /*text*/) noexcept override {}
  void on_response(std::string text) noexcept override;
  void finish(Result<Items> items);

  Downstream& client_;
  relay::Listing listing_;
  loop::Callback<Result<Items>> done_;
  std::unique_ptr<Call> call_;
  Items items_;
  std::size_t bytes_{0};
  unsigned pages_{0};
  // Shared with the question that is under way, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
