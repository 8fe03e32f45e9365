// What the clients' door reads before anybody is known: headers, session and event
// ids, the era of a message, the arguments that headers repeat.  The input is lines
// "Name: value", an empty line and a body; each line break counts.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "gateway/admission.h"
#include "gateway/classify.h"
#include "gateway/event_store.h"
#include "gateway/mirrored_params.h"
#include "gateway/reply.h"
#include "mcp/envelope.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;
using namespace mcpctl::gateway;

namespace {

http::Headers take_headers(std::string_view& rest) {
  http::Headers headers;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

config::Gateway guarded() {
  config::Gateway config;
  config.allowed_hosts = {"mcp.example", "[::1]:1"};
  config.allowed_origins = {"https://app.example"};
  config.tokens = {{"one", {}, {"math.*", "*.get_?"}}};
  return config;
}

void run_front(std::string_view input) {
  static const Admission admission{guarded(), "127.0.0.1"};
  std::string_view rest{input};
  http::Request request;
  request.headers = take_headers(rest);

  const Verdict verdict = admission.judge(request);
  // No input has the digest of zeros.
  MCPCTL_ASSERT(verdict.status == 401 || verdict.status == 403);
  if (const auto event = read_event_id(request.headers.get("Last-Event-ID"))) {
    MCPCTL_ASSERT(read_event_id(text_of(*event)) == *event);
  }
  for (const http::Header header : request.headers) decode_header(header.value);

  const auto message = relay::read_request(std::string{rest});
  if (!message) return;
  const auto era = classify(request.headers, *message);
  if (!era) {
    const auto& refusal = era.error();
    const std::string text =
        error_text(message->envelope.id.in(rest), refusal.code, refusal.message, refusal.data);
    MCPCTL_ASSERT(mcp::scan(text) && error_code_of(text) == refusal.code);
  }
  const relay::Mirrored given = MirroredParams::given(request.headers);
  MirroredParams mirrored;
  mirrored.learn(rest);
  mirrored.check(given, *message);
  mirrored.learn(
      R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"add","inputSchema":)"
      R"({"properties":{"a":{"x-mcp-header":"A","properties":{"b":{"x-mcp-header":"B"}}}}}}]}})");
  mirrored.check(given, *message);
}

const mcpctl::fuzz::Target front_target{'f', run_front};

}  // namespace
