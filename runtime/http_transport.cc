#include "runtime/http_transport.h"

#include <map>
#include <utility>
#include <vector>

#include "http/client.h"
#include "loop/timer.h"

namespace mcpctl::runtime {
namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";

}  // namespace

class HttpTransport::Inner {
 public:
  Inner(loop::Loop& loop, const std::string& url, config::Variables headers, Callbacks callbacks)
      : client_(loop),
        url_(http::parse_url(url)),
        headers_(std::move(headers)),
        callbacks_(std::move(callbacks)),
        refused_(loop) {}

  void send(const mcp::Send& message, Duration timeout) {
    if (!url_) {
      refused_ids_.push_back(message.id);
      return refused_.arm(Duration{0}, [this] { tell_refused(); });
    }
    const std::uint64_t key = ++last_key_;
    const std::uint64_t id = message.id;
    const bool opens_session = message.method == "initialize";

    http::CallOptions options;
    options.total_timeout = timeout;
    options.first_byte_timeout = timeout;
    options.reuse = true;
    http::CallCallbacks callbacks;
    callbacks.on_head = [this, opens_session](const http::Response& head) {
      if (opens_session) session_ = head.headers.get(session_header);
    };
    callbacks.on_event = [this](const http::SseEvent& event) {
      if (!event.data.empty()) callbacks_.on_message(event.data);
    };
    callbacks.on_done = [this, key, id](Result<http::Response> answer) {
      const auto call = calls_.extract(key);
      if (answer || call.empty() || call.mapped().was_sent()) return ended(id, answer);
      callbacks_.on_unsent(id, answer.error().message);
    };
    if (!message.protocol_version.empty()) version_ = message.protocol_version;
    calls_[key] = client_.send(request(message), options, std::move(callbacks));
  }

  void abandon() {
    calls_.clear();
    refused_ids_.clear();
    refused_.disarm();
  }

  void end_session() {
    abandon();
    const std::string session = std::exchange(session_, "");
    if (session.empty()) return client_.close_idle();  // a server that ends may wait for them
    http::Outgoing farewell;
    farewell.method = "DELETE";
    farewell.url = *url_;
    farewell.headers.set("MCP-Protocol-Version", std::string{version_});
    farewell.headers.set(session_header, session);
    for (const auto& [name, value] : headers_) farewell.headers.set(name, value);
    http::CallOptions options;
    options.total_timeout = farewell_time;
    options.reuse = true;
    const std::uint64_t key = ++last_key_;
    http::CallCallbacks callbacks;
    // Whatever the answer: 405 is allowed, and nobody needs another.
    callbacks.on_done = [this, key](const Result<http::Response>&) {
      const auto call = farewells_.extract(key);
      if (calls_.empty()) client_.close_idle();
    };
    farewells_[key] = client_.send(std::move(farewell), options, std::move(callbacks));
  }

 private:
  http::Outgoing request(const mcp::Send& message) const {
    http::Outgoing outgoing;
    outgoing.method = "POST";
    outgoing.url = *url_;
    outgoing.body = message.text;
    http::Headers& headers = outgoing.headers;
    headers.set("Content-Type", "application/json");
    headers.set("Accept", "application/json, text/event-stream");
    if (!message.protocol_version.empty()) {
      headers.set("MCP-Protocol-Version", message.protocol_version);
    }
    if (!message.method.empty()) headers.set("Mcp-Method", message.method);
    if (!session_.empty() && message.method != "initialize") headers.set(session_header, session_);
    for (const auto& [name, value] : headers_) headers.set(name, value);
    return outgoing;
  }

  void tell_refused() {
    for (const std::uint64_t id : std::exchange(refused_ids_, {})) {
      callbacks_.on_unsent(id, url_.error().message);
    }
  }

  /// An error status may carry a JSON-RPC error: that one is told first.
  void ended(std::uint64_t id, const Result<http::Response>& answer) {
    if (!answer) return callbacks_.on_failed(id, answer.error().message);
    const std::string body = answer->body;
    const int status = answer->status;
    const bool is_json = answer->headers.get("Content-Type").starts_with("application/json");
    if (status == 404) session_.clear();
    if (is_json && !body.empty()) callbacks_.on_message(body);
    if (id == 0) return;
    // What was answered already is not waited for: then this is not heard.
    callbacks_.on_failed(id, status >= 200 && status < 300
                                 ? "the answer has no JSON-RPC response"
                                 : "HTTP status " + std::to_string(status));
  }

  http::Client client_;
  Result<http::Url> url_;
  config::Variables headers_;
  Callbacks callbacks_;
  loop::Timer refused_;  ///< tells from the loop that there is no URL to send to
  std::vector<std::uint64_t> refused_ids_;
  std::string session_;
  std::string_view version_;  ///< of the last message that named one
  std::map<std::uint64_t, http::Call> calls_;
  std::map<std::uint64_t, http::Call> farewells_;
  std::uint64_t last_key_{0};
};

HttpTransport::HttpTransport(loop::Loop& loop, std::string url, config::Variables headers,
                             Callbacks callbacks)
    : inner_(std::make_unique<Inner>(loop, url, std::move(headers), std::move(callbacks))) {}
HttpTransport::~HttpTransport() = default;
void HttpTransport::send(const mcp::Send& message, Duration timeout) {
  inner_->send(message, timeout);
}
void HttpTransport::abandon() { inner_->abandon(); }
void HttpTransport::end_session() { inner_->end_session(); }

}  // namespace mcpctl::runtime
