// tasks/list of a session of all servers together (MCP 2025-11-25, tasks): its tasks of
// every server on one page.  Only servers that the session asked for tasks are bothered;
// one that is slow or broken only lacks, by name, in the result's _meta.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend.h"
#include "gateway/joint.h"
#include "gateway/list_fetch.h"
#include "gateway/patience.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class JointTasks final : public Call, private Waiter {
 public:
  /// One server at which the session may have tasks.
  struct Holder {
    Member member;
    Downstream& client;
  };
  /// Borrows all but the request.
  JointTasks(Joint& joint, const std::vector<Holder>& holders, const relay::Request& request,
             CallSink& sink);
  ~JointTasks() override { cancel({}); }
  JointTasks(const JointTasks&) = delete;
  JointTasks& operator=(const JointTasks&) = delete;

  void cancel(std::string_view raw_reason) override;

 private:
  struct Part {
    std::string server;
    std::optional<Result<ListFetch::Items>> items{};  ///< once it has answered
    std::unique_ptr<ListFetch> fetch{};
  };

  void waited() noexcept override;
  void answer_if_all();
  void answer();

  Joint& joint_;
  std::string raw_id_;
  CallSink& sink_;
  std::vector<Part> parts_;  ///< in the order of the servers
  std::optional<Patience::Place> patience_;
  // Shared with what waits in the loop's inbox, so that it finds out when we are gone.
  std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace mcpctl::gateway
