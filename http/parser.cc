#include "http/parser.h"

#include <llhttp.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/assert.h"
#include "http/head_scan.h"
#include "http/known_head.h"

namespace mcpctl::http {

namespace {

/// Of each text of a message, for the next one.
constexpr std::size_t most_kept = 1024;

/// Empties a text whose memory is used again, unless it is much.
void empty(std::string& text) {
  if (text.capacity() > most_kept) return std::string{}.swap(text);
  text.clear();
}

/// What both directions share: fills in the parts of a message as they come.
class MessageParser {
 public:
  MessageParser(llhttp_type_t type, Limits limits, Headers& headers, std::string& body)
      : headers_(headers), body_(body), type_(type), limits_(limits), scan_(0) {
    llhttp_settings_init(&settings_);
    settings_.on_url = [](llhttp_t* raw, const char* at, std::size_t size) {
      return of(raw).on_url({at, size});
    };
    settings_.on_header_field = [](llhttp_t* raw, const char* at, std::size_t size) {
      return of(raw).on_field({at, size});
    };
    settings_.on_header_value = [](llhttp_t* raw, const char* at, std::size_t size) {
      return of(raw).on_value({at, size});
    };
    settings_.on_header_value_complete = [](llhttp_t* raw) { return of(raw).on_field_complete(); };
    settings_.on_headers_complete = [](llhttp_t* raw) { return of(raw).on_head_complete(); };
    settings_.on_body = [](llhttp_t* raw, const char* at, std::size_t size) {
      return of(raw).on_body({at, size});
    };
    settings_.on_message_complete = [](llhttp_t* raw) { return of(raw).on_complete(); };
    forget();
    begin();
  }
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  /// Gives up the head of the last message.
  void forget() {
    llhttp_init(&raw_, type_, &settings_);
    raw_.data = this;
    known_.forget();
    empty(target_);
    headers_.clear();
  }

  /// After forget() or remember(): another message may come.
  void begin() {
    scan_ = HeadScan{limits_.header_bytes};
    phase_ = Phase::head;
    empty(body_);
    field_ = {};
    body_total_ = 0;
    fed_ = body_end_ = framing_ = 0;
    must_close_ = false;
  }

  /// At the end of a head: keeps it, if it is small and says how long the body is.
  void remember() {
    const auto length = headers_.find("Content-Length");
    const bool is_usual = length && headers_.held().size() <= most_kept;
    if (is_usual && phase_ == Phase::body) known_.keep(headers_, *length, raw_);
  }
  bool remembers() const noexcept { return known_.is_kept(); }

  /// Instead of feed(), for the first bytes of a message, after remember(): takes that head if
  /// it comes again.  Returns its size; 0: the bytes are to be read.
  std::size_t take_again(std::string_view bytes) {
    const std::size_t used = known_.take(bytes, limits_.body_bytes, headers_, raw_);
    if (used > 0) phase_ = Phase::body;
    return used;
  }

  Fed feed(std::string_view bytes) {
    if (phase_ == Phase::failed) return {0, Progress::failed};
    MCPCTL_ASSERT(phase_ != Phase::complete);
    if (phase_ == Phase::head) return feed_head(bytes);
    return feed_body(bytes);
  }

  Progress finish() {
    if (phase_ == Phase::complete) return Progress::complete;
    if (phase_ == Phase::failed) return Progress::failed;
    const llhttp_errno_t code = llhttp_finish(&raw_);
    if (phase_ == Phase::complete) return Progress::complete;
    if (code == HPE_OK || phase_ != Phase::failed) refuse(400, "the connection ended early");
    return Progress::failed;
  }

  bool is_begun() const noexcept { return scan_.is_begun() || phase_ != Phase::head; }

  Progress refuse(int status, std::string reason) {
    if (phase_ != Phase::failed) refusal_ = {status, std::move(reason)};
    phase_ = Phase::failed;
    return Progress::failed;
  }

  // What was parsed; the owners below make a Request or Response of it.
  llhttp_t raw_{};
  std::string target_;
  Headers& headers_;
  std::string& body_;
  Refusal refusal_;
  std::uint64_t body_total_{0};
  bool skip_body_{false};  // an answer to HEAD
  bool must_close_{false};

 private:
  enum class Phase { head, body, complete, failed };

  static MessageParser& of(llhttp_t* raw) noexcept {
    return *static_cast<MessageParser*>(raw->data);
  }

  Fed feed_head(std::string_view bytes) {
    std::size_t used = 0;
    const HeadScan::Found found = scan_.scan(bytes, used);
    const bool folded = found == HeadScan::Found::fold;
    const std::string_view head = bytes.substr(0, folded ? used - 1 : used);
    held_at_ = headers_.hold(head);
    execute(head);
    if (phase_ == Phase::failed) return {used, Progress::failed};
    if (folded) return {used, refuse(400, "a folded header line")};
    if (found == HeadScan::Found::overflow) {
      return {used, refuse(431, "more header bytes than " + std::to_string(limits_.header_bytes))};
    }
    // Both must agree where the head ends, else somebody was misled.
    if ((found == HeadScan::Found::end) != (phase_ != Phase::head)) {
      return {used, refuse(400, "the end of the headers is ambiguous")};
    }
    if (phase_ == Phase::complete) return {used, Progress::complete};
    return {used, phase_ == Phase::body ? Progress::head : Progress::more};
  }

  Fed feed_body(std::string_view bytes) {
    const std::size_t used = execute(bytes);
    if (phase_ != Phase::failed && !framing_is_bounded(fed_ - body_end_)) {
      refuse(400, "too much framing around the body");
    }
    if (phase_ == Phase::failed) return {used, Progress::failed};
    return {used, phase_ == Phase::complete ? Progress::complete : Progress::more};
  }

  /// Returns the bytes consumed.
  std::size_t execute(std::string_view bytes) {
    if (bytes.empty()) return 0;
    buffer_ = bytes.data();
    const llhttp_errno_t code = llhttp_execute(&raw_, bytes.data(), bytes.size());
    std::size_t used = bytes.size();
    if (code != HPE_OK) {
      used = std::min(used, static_cast<std::size_t>(llhttp_get_error_pos(&raw_) - bytes.data()));
    }
    fed_ += used;
    const bool paused = code == HPE_PAUSED && phase_ == Phase::complete;
    if (code != HPE_OK && !paused && phase_ != Phase::failed) {
      const char* reason = llhttp_get_error_reason(&raw_);
      refuse(400, reason != nullptr && *reason != '\0' ? reason : llhttp_errno_name(code));
    }
    return used;
  }

  /// `run` is the framing since the last body byte.  Short runs may add up as long
  /// as the body keeps pace: eight bytes of framing per byte of body.
  bool framing_is_bounded(std::uint64_t run) const noexcept {
    return run <= limits_.framing_bytes &&
           framing_ + run <= limits_.framing_bytes + 8 * body_total_;
  }

  int on_url(std::string_view part) {
    if (target_.size() + part.size() > limits_.target_bytes) {
      refuse(414, "a target longer than " + std::to_string(limits_.target_bytes));
      return HPE_USER;
    }
    target_ += part;
    return 0;
  }

  /// Where a part of the head stands in headers_, which hold all of it.
  std::uint32_t held(std::string_view part) const noexcept {
    return static_cast<std::uint32_t>(held_at_ + static_cast<std::size_t>(part.data() - buffer_));
  }

  // A name or a value may come in parts, one right behind the other.
  int on_field(std::string_view part) {
    if (phase_ != Phase::head) return 0;  // trailers are dropped (RFC 9110 §6.5.1)
    if (field_.name_size == 0) field_.name_at = held(part);
    field_.name_size += static_cast<std::uint32_t>(part.size());
    return 0;
  }

  int on_value(std::string_view part) {
    if (phase_ != Phase::head) return 0;
    if (field_.value_size == 0) field_.value_at = held(part);
    field_.value_size += static_cast<std::uint32_t>(part.size());
    return 0;
  }

  int on_field_complete() {
    if (phase_ != Phase::head) return 0;
    if (headers_.size() == limits_.header_count) {
      refuse(431, "more headers than " + std::to_string(limits_.header_count));
      return HPE_USER;
    }
    headers_.add_held(std::exchange(field_, {}));
    return 0;
  }

  int on_head_complete() {
    check_head();
    if (phase_ == Phase::failed) return HPE_USER;
    phase_ = Phase::body;
    body_end_ = 0;
    fed_ = 0;
    raw_.upgrade = 0;  // an offer to upgrade is ignored (RFC 9110 §7.8)
    return skip_body_ ? 1 : 0;
  }

  void check_head() {
    if (raw_.http_major != 1 || raw_.http_minor > 1) {
      refuse(505, "a version other than HTTP/1.0 and HTTP/1.1");
      return;
    }
    std::size_t encodings = 0;
    std::size_t lengths = 0;
    std::size_t hosts = 0;
    std::string_view encoding;
    std::string_view length;
    for (const Header field : headers_) {
      if (equal_ignoring_case(field.name, "Host")) {
        ++hosts;
      } else if (equal_ignoring_case(field.name, "Content-Length")) {
        ++lengths;
        length = field.value;
      } else if (equal_ignoring_case(field.name, "Transfer-Encoding")) {
        ++encodings;
        encoding = field.value;
      }
    }
    if (encodings > 1) refuse(400, "two Transfer-Encoding fields");
    if (encodings == 1) {
      if (!equal_ignoring_case(encoding, "chunked")) {
        refuse(400, "a Transfer-Encoding other than chunked");
      }
      if (lengths > 0) refuse(400, "both Transfer-Encoding and Content-Length");
      if (raw_.http_minor == 0) refuse(400, "Transfer-Encoding in HTTP/1.0");
    }
    if (lengths > 1) refuse(400, "two Content-Length fields");
    if (lengths == 1) check_length(length);
    if (type_ == HTTP_REQUEST) check_request(hosts);
  }

  void check_length(std::string_view length) {
    const bool digits = !length.empty() && std::ranges::all_of(length, is_digit);
    if (!digits) refuse(400, "a Content-Length that is no number");
    if (!skip_body_ && raw_.content_length > limits_.body_bytes) {
      refuse(413, "a body larger than " + std::to_string(limits_.body_bytes));
    }
  }

  void check_request(std::size_t hosts) {
    if (hosts > 1) refuse(400, "two Host fields");
    if (hosts == 0 && raw_.http_minor == 1) refuse(400, "no Host field");
    if (raw_.method == HTTP_CONNECT) refuse(501, "the method CONNECT");
  }

  int on_body(std::string_view part) {
    const std::uint64_t position = fed_ + static_cast<std::uint64_t>(part.data() - buffer_);
    const std::uint64_t run = position - body_end_;
    if (run > 0 && !framing_is_bounded(run)) {
      refuse(400, "too much framing around the body");
      return HPE_USER;
    }
    framing_ += run;
    body_end_ = position + part.size();
    body_total_ += part.size();
    if (body_.size() + part.size() > limits_.body_bytes) {
      refuse(413, "a body larger than " + std::to_string(limits_.body_bytes));
      return HPE_USER;
    }
    body_ += part;
    return 0;
  }

  int on_complete() {
    phase_ = Phase::complete;
    must_close_ = llhttp_should_keep_alive(&raw_) == 0;
    return HPE_PAUSED;  // pipelined messages one by one
  }

  llhttp_type_t type_;
  Limits limits_;
  llhttp_settings_t settings_{};
  HeadScan scan_;
  Phase phase_{Phase::head};
  KnownHead known_;
  Headers::Place field_;         // the one that has begun
  std::size_t held_at_{0};       // where headers_ hold what execute() is looking at
  const char* buffer_{nullptr};  // that
  std::uint64_t fed_{0};         // bytes after the head, before buffer_
  std::uint64_t body_end_{0};    // where the last body byte ended, in the same count
  std::uint64_t framing_{0};     // bytes after the head that were not body, up to body_end_
};

}  // namespace

struct RequestParser::Inner {
  explicit Inner(Limits limits) : parser(HTTP_REQUEST, limits, request.headers, request.body) {}
  Request request;
  MessageParser parser;

  Fed feed(std::string_view bytes) {
    if (parser.remembers() && !parser.is_begun()) {
      if (const std::size_t used = parser.take_again(bytes)) return {used, Progress::head};
      forget();
    }
    Fed fed = parser.feed(bytes);
    fed.progress = note(fed.progress);
    return fed;
  }

  void next() {
    if (!parser.remembers()) forget();
    parser.begin();
  }

 private:
  /// Fills in the rest of the head as soon as it is complete.
  Progress note(Progress progress) {
    const bool has_head = progress == Progress::head || progress == Progress::complete;
    if (!has_head || !request.method.empty()) return progress;
    request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.raw_.method));
    request.target.swap(parser.target_);
    request.version_minor = parser.raw_.http_minor;
    if (!split_target(request)) return parser.refuse(400, "a malformed target");
    parser.remember();
    return progress;
  }

  void forget() {
    request.method = {};  // note() then fills in everything else
    empty(request.target);
    empty(request.path);
    decltype(request.query){}.swap(request.query);
    parser.forget();
  }
};

RequestParser::RequestParser(Limits limits) : inner_(std::make_unique<Inner>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

Fed RequestParser::feed(std::string_view bytes) { return inner_->feed(bytes); }
void RequestParser::next() { inner_->next(); }
const Request& RequestParser::request() const noexcept { return inner_->request; }
std::string RequestParser::take_body() { return std::exchange(inner_->request.body, {}); }
const Refusal& RequestParser::refusal() const noexcept { return inner_->parser.refusal_; }
bool RequestParser::is_begun() const noexcept { return inner_->parser.is_begun(); }
bool RequestParser::wants_keep_alive() const noexcept { return !inner_->parser.must_close_; }

struct ResponseParser::Inner {
  explicit Inner(Limits limits) : parser(HTTP_RESPONSE, limits, response.headers, response.body) {}
  Response response;
  MessageParser parser;
  bool has_head{false};
  int interim{0};  // since the request

  Progress note(Progress progress) {
    if (progress == Progress::head || (progress == Progress::complete && !has_head)) {
      has_head = true;
      response.status = parser.raw_.status_code;
      if (response.status == 101) return parser.refuse(502, "an upgrade nobody asked for");
    }
    return progress;
  }
};

ResponseParser::ResponseParser(Limits limits) : inner_(std::make_unique<Inner>(limits)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

void ResponseParser::expect_no_body() noexcept { inner_->parser.skip_body_ = true; }

Fed ResponseParser::feed(std::string_view bytes) {
  std::size_t consumed = 0;
  while (true) {
    Fed fed = inner_->parser.feed(bytes.substr(consumed));
    consumed += fed.consumed;
    fed = {consumed, inner_->note(fed.progress)};
    const int status = inner_->response.status;
    if (fed.progress != Progress::complete || status / 100 != 1) return fed;
    take();  // an interim answer; the real one follows
    if (++inner_->interim > 16) {
      return {consumed, inner_->parser.refuse(400, "too many interim answers")};
    }
    if (consumed == bytes.size()) return {consumed, Progress::more};
  }
}

Progress ResponseParser::finish() { return inner_->note(inner_->parser.finish()); }

Response ResponseParser::take() {
  Response response = std::exchange(inner_->response, {});
  inner_->has_head = false;
  inner_->parser.forget();
  inner_->parser.begin();
  return response;
}

std::string ResponseParser::take_body() { return std::exchange(inner_->response.body, {}); }

const Response& ResponseParser::response() const noexcept { return inner_->response; }
const Refusal& ResponseParser::refusal() const noexcept { return inner_->parser.refusal_; }
bool ResponseParser::is_begun() const noexcept { return inner_->parser.is_begun(); }
bool ResponseParser::can_keep_alive() const noexcept { return !inner_->parser.must_close_; }

}  // namespace mcpctl::http
