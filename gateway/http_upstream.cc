#include "gateway/http_upstream.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/classify.h"
#include "gateway/mirrored_params.h"
#include "http/client.h"
#include "http/url.h"
#include "loop/timer.h"
#include "mcp/message.h"
#include "mcp/raw.h"
#include "mcp/version.h"

namespace mcpctl::gateway {
namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";
constexpr std::string_view event_stream = "text/event-stream";
/// What some client behind the door may be able to do.
constexpr std::string_view relayed_capabilities =
    R"({"roots":{"listChanged":true},"sampling":{},"elicitation":{"form":{},"url":{}}})";
/// Between two tries to hear a legacy server's news, unless it says otherwise.
constexpr Duration reconnection{1'000};
constexpr Duration shortest_reconnection{10};
constexpr Duration longest_reconnection{60'000};

constexpr std::uint64_t longest_answer = 16u << 20;  ///< bytes

}  // namespace

class HttpUpstream::Session {
 public:
  Session(loop::Loop& loop, const config::Server& server, const mcp::Profile& profile,
          const std::optional<mcp::Introduction>& client, const MirroredParams& mirrored,
          Callbacks callbacks)
      : loop_(loop),
        client_(loop),
        url_(http::parse_url(server.url)),
        headers_(server.headers),
        profile_(profile),
        introduction_(
            client.value_or(mcp::introduction_of({MCPCTL_VERSION}, relayed_capabilities))),
        callbacks_(std::move(callbacks)),
        mirrored_(mirrored),
        soon_(loop),
        listening_again_(loop) {
    if (profile_.era == mcp::Era::legacy && url_) {
      initialize();
      return;
    }
    soon_.arm(Duration{0}, [this] {
      if (!url_) return lose(url_.error().message);
      callbacks_.on_open(profile_);
    });
  }

  void send(relay::ToServer message) {
    static const relay::InHeaders nothing;
    const relay::InHeaders& told = message.headers ? *message.headers : nothing;
    if (told.method == "notifications/cancelled") {
      give_up(message.text);
      if (is_modern()) return;  // the end of the POST says it
    }
    http::Outgoing request = outgoing("POST");
    if (is_modern()) {
      if (!told.method.empty()) request.headers.set("Mcp-Method", told.method);
      if (!told.name.empty()) request.headers.set("Mcp-Name", encode_header(told.name));
      if (told.method == "tools/call") {
        // What we do not know of the client's goes on as it came (a gateway must not drop it).
        for (const auto& [name, value] : told.mirrored) request.headers.set(name, value);
        for (const http::Header field : mirrored_.headers(message.text)) {
          request.headers.set(field.name, field.value);
        }
      }
    }
    for (const auto& [name, value] : told.trace) {
      if (!request.headers.find(name)) request.headers.add(name, value);
    }
    request.body = std::move(message.text);
    post(std::move(request), message.call, message.id);
  }

  std::uint64_t take_id() { return ++last_id_; }

 private:
  struct Post {
    relay::CallId about;
    std::uint64_t id{0};  ///< of the request in it; 0: none
    bool answered{false};
    std::string last_event;
    std::optional<Duration> retry;  ///< the pause before it is asked for the rest
    std::string broken;             ///< why the stream before broke off; empty: it ended
    std::unique_ptr<loop::Timer> pause;
    http::Call call;
  };

  bool is_modern() const { return profile_.era == mcp::Era::modern; }

  http::Outgoing outgoing(std::string_view method) const {
    http::Outgoing request;
    request.method = method;
    request.url = *url_;
    for (const auto& [name, value] : headers_) request.headers.set(name, value);
    if (method == "POST") {
      request.headers.set("Content-Type", "application/json");
      request.headers.set("Accept", "application/json, text/event-stream");
    } else {
      request.headers.set("Accept", event_stream);
    }
    request.headers.set("MCP-Protocol-Version", profile_.revision);
    if (!id_.empty()) request.headers.set(session_header, id_);
    return request;
  }

  static http::CallOptions patient() {
    http::CallOptions options;  // how long an answer may take is the owner's to say
    options.first_byte_timeout = Duration{0};
    options.total_timeout = Duration{0};
    options.limits.body_bytes = longest_answer;
    options.reuse = true;
    return options;
  }

  // ---- the legacy session

  void initialize() {
    http::Outgoing request = outgoing("POST");
    request.headers.remove("MCP-Protocol-Version");
    request.body = mcp::initialize_request(take_id(), introduction_);
    http::CallCallbacks callbacks;
    callbacks.on_head = [this](const http::Response& head) {
      id_ = head.headers.get(session_header);
    };
    callbacks.on_event = [this](const http::SseEvent& event) { initialized(event.data); };
    callbacks.on_done = [this](Result<http::Response> answer) {
      if (is_open_) return;
      if (!answer) return lose(answer.error().message);
      if (answer->status == 200) initialized(answer->body);
      if (!is_open_) lose("no session: HTTP status " + std::to_string(answer->status));
    };
    http::CallOptions options;
    options.reuse = true;
    opening_ = client_.send(std::move(request), options, std::move(callbacks));
  }

  void initialized(std::string_view text) {
    const auto envelope = mcp::scan(text);
    if (!envelope || envelope->kind != mcp::Kind::response || is_open_) return;
    const std::string_view result = envelope->result.in(text);
    const auto version = mcp::string_value(mcp::member(result, "protocolVersion"));
    const auto revision = mcp::find_revision(version.value_or(""));
    if (!revision) return;
    is_open_ = true;
    profile_.revision = revision->name;
    profile_.capabilities = mcp::member(result, "capabilities");
    profile_.server_info = mcp::member(result, "serverInfo");
    profile_.instructions = mcp::member(result, "instructions");
    http::Outgoing note = outgoing("POST");
    note.body = mcp::initialized_notification();
    post(std::move(note), {}, 0);
    // Not before the callbacks of the call that brought us here are through.
    soon_.arm(Duration{0}, [this] {
      listen();
      callbacks_.on_open(profile_);
    });
  }

  /// As long as the server wants, but for one that would be asked without end or never.
  static Duration pause_of(Duration wanted) {
    return std::clamp(wanted, shortest_reconnection, longest_reconnection);
  }

  /// The server's news that belong to no request.  405: it has none to tell.
  void listen() {
    http::Outgoing request = outgoing("GET");
    if (!news_event_.empty()) request.headers.set("Last-Event-ID", news_event_);
    http::CallCallbacks callbacks;
    callbacks.on_event = [this](const http::SseEvent& event) {
      news_pause_ = pause_of(event.retry.value_or(reconnection));
      news_event_ = event.id;
      hear(event.data, nullptr);
    };
    callbacks.on_done = [this](const Result<http::Response>& answer) {
      if (answer && answer->status != 200) return;  // told in no other way
      listening_again_.arm(news_pause_, [this] { listen(); });
      news_pause_ = std::min(2 * news_pause_, longest_reconnection);
    };
    news_ = client_.send(std::move(request), patient(), std::move(callbacks));
  }

  // ---- messages

  void post(http::Outgoing request, relay::CallId about, std::uint64_t id) {
    const std::uint64_t key = ++last_key_;
    Post& entry = posts_[key];
    entry.about = about;
    entry.id = id;
    entry.call = client_.send(std::move(request), patient(), reading(key));
  }

  http::CallCallbacks reading(std::uint64_t key) {
    http::CallCallbacks callbacks;
    callbacks.on_event = [this, key](const http::SseEvent& event) {
      const auto found = posts_.find(key);
      if (found == posts_.end()) return;
      found->second.last_event = event.id;
      found->second.retry = event.retry;
      hear(event.data, &found->second);
    };
    callbacks.on_done = [this, key](Result<http::Response> answer) {
      auto node = posts_.extract(key);
      if (!node.empty()) ended(std::move(node.mapped()), answer);
    };
    return callbacks;
  }

  /// `post`: whose answer brought it; null: none's.
  void hear(std::string_view text, Post* post) {
    if (text.empty()) return;  // an event that primes the stream
    const auto envelope = mcp::scan(text);
    if (!envelope) return;
    const relay::CallId about = post != nullptr ? post->about : relay::CallId{};
    const bool answers =
        envelope->kind == mcp::Kind::response || envelope->kind == mcp::Kind::error;
    if (post != nullptr && answers) post->answered = true;
    callbacks_.on_message(text, *envelope, about);
  }

  /// An error status may carry a JSON-RPC error: that one is told first.
  void ended(Post post, const Result<http::Response>& answer) {
    if (!answer) {
      const std::string& why = answer.error().message;
      return may_resume(post) ? resume(std::move(post), why) : broke(post, why);
    }
    const int status = answer->status;
    if (status == 404 && !id_.empty()) return lose("it has forgotten our session");
    if (http::is_media_type(answer->headers.get("Content-Type"), "application/json")) {
      hear(answer->body, &post);
    }
    if (post.answered) return;
    if (status == 200 && may_resume(post)) return resume(std::move(post), {});
    if (!post.broken.empty()) return broke(post, post.broken);  // and cannot be gone on with
    if (status >= 200 && status < 300) {
      unanswered(post, "its answer holds no JSON-RPC response");
    } else {
      refused(post, "HTTP status " + std::to_string(status));
    }
  }

  void broke(const Post& post, const std::string& why) {
    if (post.about) return callbacks_.on_broken(post.about, why);
    if (post.id != 0 && !post.answered) callbacks_.on_unanswered(post.id);
  }

  void unanswered(const Post& post, const std::string& why) {
    if (post.about) {
      return callbacks_.on_end(post.about, runtime::UpstreamError::protocol, why);
    }
    if (post.id != 0) callbacks_.on_unanswered(post.id);
  }

  void refused(Post& post, const std::string& why) {
    if (post.about) {
      return callbacks_.on_end(post.about, runtime::UpstreamError::http_status, why);
    }
    if (post.id == 0) return;
    hear(mcp::error_response(std::to_string(post.id), relay::error_code::server_gone, why), &post);
  }

  bool may_resume(const Post& post) const {
    return !is_modern() && post.id != 0 && !post.answered && !post.last_event.empty();
  }

  /// A legacy server may end a stream before its answer, to be asked for the rest; and
  /// a connection may break.
  void resume(Post post, std::string broken) {
    const std::uint64_t key = ++last_key_;
    Post& entry = posts_[key] = std::move(post);
    entry.broken = std::move(broken);
    const bool at_once = !entry.retry && !entry.pause;
    const Duration pause = at_once ? Duration{0} : pause_of(entry.retry.value_or(reconnection));
    if (!entry.pause) entry.pause = std::make_unique<loop::Timer>(loop_);
    entry.pause->arm(pause, [this, key, &entry] { ask_for_the_rest(key, entry); });
  }

  void ask_for_the_rest(std::uint64_t key, Post& post) {
    http::Outgoing request = outgoing("GET");
    // A stream that brings nothing new is not asked for again.
    request.headers.set("Last-Event-ID", std::exchange(post.last_event, {}));
    post.call = client_.send(std::move(request), patient(), reading(key));
  }

  void give_up(std::string_view cancellation) {
    const auto envelope = mcp::scan(cancellation);
    if (!envelope) return;
    const auto id = mcp::integer_value(envelope->params_request_id.in(cancellation));
    if (!id) return;
    std::erase_if(posts_, [&](const auto& entry) {
      return entry.second.id == static_cast<std::uint64_t>(*id);
    });
  }

  void lose(const std::string& why) {
    posts_.clear();
    news_ = {};
    listening_again_.disarm();
    callbacks_.on_lost(why);
  }

  loop::Loop& loop_;
  http::Client client_;
  Result<http::Url> url_;
  config::Variables headers_;
  mcp::Profile profile_;
  mcp::Introduction introduction_;
  Callbacks callbacks_;
  const MirroredParams& mirrored_;
  loop::Timer soon_;
  loop::Timer listening_again_;
  Duration news_pause_{reconnection};
  std::string id_;  ///< of the session; empty: the server keeps none
  bool is_open_{false};
  http::Call opening_;
  http::Call news_;
  std::string news_event_;
  std::map<std::uint64_t, Post> posts_;
  std::uint64_t last_key_{0};
  std::uint64_t last_id_{0};
};

HttpUpstream::HttpUpstream(loop::Loop& loop, const config::Server& server,
                           const mcp::Profile& profile,
                           const std::optional<mcp::Introduction>& client,
                           const MirroredParams& mirrored, Callbacks callbacks)
    : session_(std::make_unique<Session>(loop, server, profile, client, mirrored,
                                         std::move(callbacks))) {}
HttpUpstream::~HttpUpstream() = default;
void HttpUpstream::send(relay::ToServer message) { session_->send(std::move(message)); }
std::uint64_t HttpUpstream::take_id() { return session_->take_id(); }

}  // namespace mcpctl::gateway
