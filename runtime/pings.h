// Questions of operators to one server, whether it answers.  They stand beside the probes
// of health: nobody is judged by them, and several may be under way.  Knows no transport:
// gives the message to send, and is shown what comes.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "loop/callback.h"
#include "mcp/client.h"
#include "mcp/envelope.h"

namespace mcpctl::runtime {

struct Pong {
  mcp::Probe asked{};  ///< what the server was really asked, see Pings::ask
  std::chrono::microseconds round_trip{0};
};

/// Hears the answer, or why none will come; not called at all while the server is silent.
using OnPong = loop::Callback<const Result<Pong>&>;

class Pings {
 public:
  /// The message that asks the server of `client`, which has shaken hands, under the new
  /// `id`: ping; server/discover in the modern era, which has no ping; tools/list where
  /// the server is known not to answer pings.  Forgotten after `until`.
  mcp::Send ask(const mcp::Client& client, mcp::ClientInfo us, std::uint64_t id, Instant now,
                Instant until, OnPong done);
  bool is_waiting() const { return !asked_.empty(); }

  /// True: it was an answer to one of these, and an error proves life, too.
  bool hear(const mcp::Envelope& envelope, std::string_view message);
  /// The transport learnt that `id` will not be answered.
  void failed(std::uint64_t id, std::string_view why);

 private:
  struct Asked {
    std::uint64_t id;
    mcp::Probe what;
    std::chrono::steady_clock::time_point sent;
    Instant until;
    OnPong done;
  };
  void end(std::uint64_t id, const Result<void>& outcome);

  std::vector<Asked> asked_;
};

}  // namespace mcpctl::runtime
