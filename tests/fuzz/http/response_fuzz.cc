// Feeds bytes to the response parser whole and split where the input says, with
// and without taking the body as it comes: the verdict must be the same.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/parser.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::http;

namespace {

std::string verdict_of(std::string_view bytes, std::size_t step, bool to_head) {
  ResponseParser parser;
  if (to_head) parser.expect_no_body();
  std::string body;
  const auto describe = [&](Response response) {
    std::string text = std::to_string(response.status) + "\n" + body + response.body + "\n";
    for (const Header field : response.headers)
      text += std::string{field.name} + "=" + std::string{field.value} + "\n";
    return text;
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view part = bytes.substr(at, step - at % step);
    const Fed fed = parser.feed(part);
    MCPCTL_ASSERT(fed.consumed <= part.size());
    MCPCTL_ASSERT(fed.consumed > 0 || fed.progress == Progress::failed);
    at += fed.consumed;
    if (fed.progress == Progress::failed) return "refused " + parser.refusal().reason;
    if (fed.progress == Progress::complete) {
      const bool keep = parser.can_keep_alive();
      return describe(parser.take()) + (keep ? "keep " : "close ") + std::to_string(at);
    }
    if (step % 2 == 0) body += parser.take_body();
  }
  if (parser.finish() == Progress::failed) return "refused " + parser.refusal().reason;
  return describe(parser.take()) + "at end";
}

void run_response(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t first_byte = static_cast<unsigned char>(input[0]);
  const bool to_head = first_byte >= 0x80;
  const std::size_t step = first_byte % 0x80 + 2;
  const std::string_view bytes{input.substr(1)};
  const std::string whole = verdict_of(bytes, bytes.size() + 1, to_head);
  MCPCTL_ASSERT(verdict_of(bytes, step, to_head) == whole);
  MCPCTL_ASSERT(verdict_of(bytes, 1, to_head) == whole);
}

const mcpctl::fuzz::Target response_target{'s', run_response};

}  // namespace
