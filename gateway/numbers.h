// Numbers that are never used twice behind one door: of calls, of clients, and of the
// questions that servers ask them.
#pragma once
#include <cstdint>

#include "relay/request.h"

namespace mcpctl::gateway {

class Numbers {
 public:
  relay::CallId take_call() { return {++call_}; }
  relay::DownstreamId take_downstream() { return {++downstream_}; }
  std::uint64_t take_ask() { return ++ask_; }

 private:
  std::uint64_t call_{0};
  std::uint64_t downstream_{0};
  std::uint64_t ask_{0};
};

}  // namespace mcpctl::gateway
