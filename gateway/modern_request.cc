#include "gateway/modern_request.h"

#include <utility>

#include "gateway/mirrored_params.h"
#include "gateway/reply.h"
#include "mcp/raw.h"
#include "relay/message.h"

namespace mcpctl::gateway {
namespace {

/// What a relay knows of a token.
relay::PrincipalId number_of(Principal principal) {
  return {principal.token == Principal::none ? 0 : principal.token + 1};
}

}  // namespace

int status_of(std::optional<int> error_code) {
  if (!error_code) return 200;
  switch (*error_code) {
    case mcp::error_code::method_not_found: return 404;
    case mcp::error_code::header_mismatch:
    case mcp::error_code::missing_client_capability:
    case mcp::error_code::unsupported_protocol_version: return 400;
    case relay::error_code::overloaded: return 429;
    default: return 200;
  }
}

ModernRequest::ModernRequest(Floor& floor, std::string server, Principal principal, Answer answer,
                             std::function<void()> over)
    : floor_(floor),
      server_(std::move(server)),
      principal_(principal),
      answer_(std::move(answer)),
      over_(std::move(over)) {
  answer_->on_disconnect([this] {
    answer_.reset();
    end();
  });
}

ModernRequest::~ModernRequest() {
  if (waiting_) floor_.modern_patience.leave(*waiting_);
}

void ModernRequest::start(relay::Request request, const http::Headers& headers) {
  const mcp::Envelope& envelope = request.envelope;
  const std::string_view text = request.text;
  raw_id_ = envelope.id.in(text);
  is_subscription_ = mcp::is_string(envelope.method.in(text), "subscriptions/listen");
  relay::Asker asker;
  asker.era = mcp::Era::modern;
  asker.principal = number_of(principal_);
  asker.revision =
      mcp::find_revision(
          mcp::string_value(envelope.meta_protocol_version.in(text)).value_or(std::string{}))
          .value_or(mcp::revisions[0])
          .name;
  asker.info = envelope.meta_client_info.in(text);
  asker.capabilities = envelope.meta_client_capabilities.in(text);
  asker.log_level = mcp::string_value(envelope.meta_log_level.in(text)).value_or(std::string{});
  if (mcp::is_string(envelope.method.in(text), "tools/call")) {
    asker.mirrored = MirroredParams::given(headers);
  }
  waiting_ = floor_.modern_patience.enter(*this);
  downstream_ = floor_.backend.connect(server_, std::move(asker), *this);
  call_ = downstream_->call(std::move(request), *this);
}

void ModernRequest::waited() noexcept {
  waiting_.reset();
  if (answer_) answer_->begin();
}

void ModernRequest::on_message(std::string_view text) noexcept {
  if (!answer_) return;
  answer_->begin();
  answer_->event({}, text);
  if (answer_->is_open()) return;
  answer_.reset();  // it read too slowly and was dropped
  end();
}

void ModernRequest::on_response(std::string text) noexcept {
  if (answer_) {
    if (answer_->is_stream()) {
      answer_->event({}, text);
      answer_->finish();
    } else {
      const int status = status_of(error_code_of(text));
      answer_->respond(json_reply(status, std::move(text)));
    }
    answer_.reset();
  }
  end();
}

void ModernRequest::leave(std::string_view why) {
  if (!answer_) return;
  if (!is_subscription_) {
    return on_response(error_text(raw_id_, relay::error_code::server_gone, why));
  }
  on_response(relay::result_message(raw_id_, R"({"resultType":"complete","_meta":)"
                                             R"({"io.modelcontextprotocol/subscriptionId":)" +
                                                 raw_id_ + "}}"));
}

void ModernRequest::end() {
  if (over_) std::exchange(over_, nullptr)();
}

}  // namespace mcpctl::gateway
