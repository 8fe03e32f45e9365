// Carries the supervisor's own MCP messages to an HTTP server (Streamable HTTP:
// each message a POST, its answer JSON or SSE) and the answers back.  Keeps the
// legacy session; never follows a redirect; the Host is that of the configured URL.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "loop/loop.h"
#include "mcp/client.h"

namespace mcpctl::runtime {

class HttpTransport {
 public:
  /// Come from the loop, never from send(); must not destroy the transport.
  struct Callbacks {
    /// One JSON-RPC message of the server.
    std::function<void(std::string_view)> on_message;
    /// Request `id` will not be answered: an HTTP error, a time-out.
    std::function<void(std::uint64_t id, const std::string& why)> on_failed;
    /// The same for want of a connection: nobody has read it.
    std::function<void(std::uint64_t id, const std::string& why)> on_unsent;
  };

  /// `url` is http:// or https://; `headers` are sent with every message.
  HttpTransport(loop::Loop& loop, std::string url, config::Variables headers, Callbacks callbacks);
  ~HttpTransport();
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  /// Posts the message; several may be under way.
  void send(const mcp::Send& message, Duration timeout);
  /// Gives up everything under way, without a report.
  void abandon();
  /// The conversation is over: abandons, and ends the legacy session, if the server
  /// opened one, by a DELETE (MCP 2025-11-25, session management) that is waited for
  /// by nobody and given up after `farewell_time` or with the transport.  A new
  /// conversation may begin at once.
  void end_session();
  static constexpr Duration farewell_time{2'000};

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::runtime
