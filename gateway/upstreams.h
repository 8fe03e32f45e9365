// The fleet as the door sees it: every MCP server of the configuration an Upstream,
// also those that a reload brings or takes away, and all of them together.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/joint.h"
#include "gateway/list_store.h"
#include "gateway/numbers.h"
#include "gateway/upstream.h"
#include "loop/loop.h"
#include "runtime/feed.h"
#include "runtime/supervisor.h"

namespace mcpctl::gateway {

class Upstreams final : public Backend {
 public:
  struct Options {
    /// The file of what lazy servers list while they sleep; empty: none.
    std::string lists{};
    /// A sentence for the log.
    std::function<void(std::string_view)> on_trouble = [](std::string_view) {};
  };
  /// `supervisor` relays (runtime::Options::relays) and outlives this, and this outlives
  /// every Downstream.
  Upstreams(loop::Loop& loop, runtime::Supervisor& supervisor, Options options);
  Upstreams(const Upstreams&) = delete;
  Upstreams& operator=(const Upstreams&) = delete;

  bool knows(std::string_view target) const override;
  void describe(std::string_view target,
                loop::Callback<Result<relay::ServerProfile>> done) override;
  std::unique_ptr<Downstream> connect(std::string_view target, relay::Asker asker,
                                      DownstreamSink& sink) override;

 private:
  void add(const std::string& server);
  std::set<std::string> sleepers() const;
  Upstream& at(std::string_view server);
  std::vector<Member> offered() const;

  loop::Loop& loop_;
  runtime::Supervisor& supervisor_;
  Numbers numbers_;
  ListStore lists_;
  /// Kept for good: clients of a removed server learn from it that it was removed.
  std::map<std::string, std::unique_ptr<Upstream>, std::less<>> servers_;
  Joint joint_;
  runtime::Subscription additions_;
};

}  // namespace mcpctl::gateway
