#include "cli/bridge.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "cli/door_client.h"
#include "gateway/classify.h"
#include "http/client.h"
#include "loop/timer.h"
#include "mcp/envelope.h"
#include "mcp/message.h"
#include "mcp/raw.h"

namespace mcpctl::cli {
namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";
constexpr int unreachable = -32000;
/// What clients grant a server to end after they have closed its stdin: 2 s.
constexpr Duration last_answers{1'000};
constexpr Duration farewell{500};
constexpr Duration reconnection{1'000};

std::string text_of(std::string_view raw) { return mcp::string_value(raw).value_or(""); }

}  // namespace

class Bridge::Inner {
 public:
  Inner(loop::Loop& loop, http::Url door, http::Headers headers,
        std::function<void(std::string_view)> write)
      : client_(loop),
        door_(std::move(door)),
        headers_(std::move(headers)),
        write_(std::move(write)),
        listening_again_(loop),
        patience_(loop) {}

  void take(std::string line) {
    if (held_by_ != 0) return held_.push_back(std::move(line));
    const auto envelope = mcp::scan(line);
    if (!envelope) return write_(mcp::error_response("null", -32700, "Parse error"));
    send(std::move(line), *envelope);
  }

  void finish(std::function<void()> done) {
    done_ = std::move(done);
    listening_again_.disarm();
    news_ = {};
    patience_.arm(last_answers, [this] { leave(); });
    finish_if_idle();
  }

 private:
  struct Post {
    std::string id;  ///< raw, of a request that is not answered; empty: of none
    bool opens{false};
    bool confirms{false};
    http::Call call;
  };

  http::Outgoing outgoing(std::string_view method) const {
    http::Outgoing request;
    request.method = method;
    request.url = door_;
    request.headers = headers_;
    request.headers.set(
        "Accept", method == "GET" ? "text/event-stream" : "application/json, text/event-stream");
    if (!session_.empty()) request.headers.set(session_header, session_);
    if (!revision_.empty()) request.headers.set("MCP-Protocol-Version", revision_);
    return request;
  }

  static http::CallOptions patient() {
    http::CallOptions options;  // how long an answer may take is the door's to say
    options.first_byte_timeout = Duration{0};
    options.total_timeout = Duration{0};
    options.limits.body_bytes = longest_answer;
    options.reuse = true;
    return options;
  }

  // ---- to the door

  void send(std::string line, const mcp::Envelope& envelope) {
    const std::string method = text_of(envelope.method.in(line));
    const std::string modern = text_of(envelope.meta_protocol_version.in(line));
    const bool cancels = method == "notifications/cancelled";
    if (cancels && session_.empty()) return give_up(envelope.params_request_id.in(line));

    http::Outgoing request = outgoing("POST");
    request.headers.set("Content-Type", "application/json");
    Post post;
    post.id = envelope.kind == mcp::Kind::request ? envelope.id.in(line) : std::string_view{};
    post.opens = method == "initialize";
    post.confirms = method == "notifications/initialized";
    if (post.opens) {
      request.headers.remove(session_header);
      request.headers.remove("MCP-Protocol-Version");
    } else if (!modern.empty()) {
      request.headers.set("MCP-Protocol-Version", modern);
      request.headers.set("Mcp-Method", method);
      const auto name = gateway::name_header(line, envelope);
      if (name) request.headers.set("Mcp-Name", *name);
    }
    request.body = std::move(line);
    const std::uint64_t key = ++last_key_;
    // What follows needs the session that these two make.
    if (post.opens || post.confirms) held_by_ = key;
    Post& entry = posts_[key] = std::move(post);
    entry.call = client_.send(std::move(request), patient(), reading(key));
  }

  void give_up(std::string_view raw_id) {
    std::erase_if(posts_, [&](const auto& entry) { return entry.second.id == raw_id; });
    finish_if_idle();
  }

  // ---- from the door

  http::CallCallbacks reading(std::uint64_t key) {
    http::CallCallbacks callbacks;
    callbacks.on_head = [this, key](const http::Response& head) {
      if (posts_.contains(key) && posts_[key].opens) session_ = head.headers.get(session_header);
    };
    callbacks.on_event = [this, key](const http::SseEvent& event) {
      if (posts_.contains(key)) hear(event.data, &posts_[key]);
    };
    callbacks.on_done = [this, key](const Result<http::Response>& answer) { ended(key, answer); };
    return callbacks;
  }

  /// `post`: whose answer brought it; null: none's.
  void hear(std::string_view text, Post* post) {
    const auto envelope = mcp::scan(text);
    if (!envelope) return;  // an event that primes the stream, say
    const bool answers =
        post != nullptr && !post->id.empty() &&
        (envelope->kind == mcp::Kind::response || envelope->kind == mcp::Kind::error) &&
        envelope->id.in(text) == post->id;
    if (answers) {
      post->id.clear();
      const std::string_view result = envelope->result.in(text);
      if (post->opens) revision_ = text_of(mcp::member(result, "protocolVersion"));
    }
    write_(text);
  }

  void ended(std::uint64_t key, const Result<http::Response>& answer) {
    const auto node = posts_.extract(key);
    if (node.empty()) return;
    Post post = std::move(node.mapped());
    if (answer && answer->status < 300) hear(answer->body, &post);
    if (!post.id.empty()) write_(error_about(post.id, answer));
    if (post.confirms && answer && answer->status < 300) listen();
    if (held_by_ == key) release();
    finish_if_idle();
  }

  /// The door's own error may lack the id, which only we know.
  static std::string error_about(std::string_view id, const Result<http::Response>& answer) {
    if (!answer) return mcp::error_response(id, unreachable, answer.error().message);
    const auto envelope = mcp::scan(answer->body);
    if (envelope && envelope->kind == mcp::Kind::error) {
      return R"({"jsonrpc":"2.0","id":)" + std::string{id} + R"(,"error":)" +
             std::string{envelope->error.in(answer->body)} + '}';
    }
    return mcp::error_response(
        id, unreachable, "the door answered with HTTP status " + std::to_string(answer->status));
  }

  void release() {
    held_by_ = 0;
    for (std::string& line : std::exchange(held_, {})) take(std::move(line));
  }

  /// The news of a legacy session that belong to no request.
  void listen() {
    if (done_ || session_.empty()) return;
    http::CallCallbacks callbacks;
    callbacks.on_event = [this](const http::SseEvent& event) { hear(event.data, nullptr); };
    callbacks.on_done = [this](const Result<http::Response>& answer) {
      if (answer && answer->status != 200) return;
      listening_again_.arm(reconnection, [this] { listen(); });
    };
    news_ = client_.send(outgoing("GET"), patient(), std::move(callbacks));
  }

  // ---- the end

  void finish_if_idle() {
    if (done_ && posts_.empty() && held_.empty() && !leaving_) leave();
  }

  void leave() {
    if (std::exchange(leaving_, true)) return;
    posts_.clear();
    if (session_.empty()) return patience_.arm(Duration{0}, [this] { done_(); });
    patience_.arm(farewell, [this] { done_(); });
    http::CallCallbacks callbacks;
    callbacks.on_done = [this](const Result<http::Response>&) { done_(); };
    goodbye_ = client_.send(outgoing("DELETE"), patient(), std::move(callbacks));
  }

  http::Client client_;
  http::Url door_;
  http::Headers headers_;
  std::function<void(std::string_view)> write_;
  std::function<void()> done_;
  bool leaving_{false};
  std::string session_;
  std::string revision_;  ///< of the legacy session
  std::map<std::uint64_t, Post> posts_;
  std::uint64_t last_key_{0};
  std::uint64_t held_by_{0};  ///< the POST that must be answered first; 0: none
  std::deque<std::string> held_;
  http::Call news_;
  http::Call goodbye_;
  loop::Timer listening_again_;
  loop::Timer patience_;
};

Bridge::Bridge(loop::Loop& loop, http::Url door, http::Headers headers,
               std::function<void(std::string_view)> write)
    : inner_(std::make_unique<Inner>(loop, std::move(door), std::move(headers), std::move(write))) {
}
Bridge::~Bridge() = default;
void Bridge::take(std::string line) { inner_->take(std::move(line)); }
void Bridge::finish(std::function<void()> done) { inner_->finish(std::move(done)); }

}  // namespace mcpctl::cli
