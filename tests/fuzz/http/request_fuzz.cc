// Feeds bytes to the request parser whole and split where the input says: the
// verdict must be the same, and what is accepted must keep the parser's promises.  Whole,
// a head that comes again is taken for read; one byte at a time each is read.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/parser.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::http;

namespace {

std::string verdict_of(std::string_view bytes, std::size_t step) {
  RequestParser parser;
  std::string verdict;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view part = bytes.substr(at, step);
    while (!part.empty()) {
      const Fed fed = parser.feed(part);
      MCPCTL_ASSERT(fed.consumed <= part.size());
      MCPCTL_ASSERT(fed.consumed > 0 || fed.progress == Progress::failed);
      part.remove_prefix(fed.consumed);
      if (fed.progress == Progress::failed) {
        MCPCTL_ASSERT(!parser.refusal().reason.empty());
        return verdict + std::to_string(parser.refusal().status) + parser.refusal().reason;
      }
      if (fed.progress != Progress::complete) continue;
      const Request& request = parser.request();
      MCPCTL_ASSERT(request.headers.count("Host") == 1 || request.version_minor == 0);
      MCPCTL_ASSERT(request.headers.count("Transfer-Encoding") == 0 ||
                    request.headers.count("Content-Length") == 0);
      MCPCTL_ASSERT(request.headers.size() <= 100);
      MCPCTL_ASSERT(!request.path.empty());
      (void)request.segments();
      verdict += std::string{request.method} + " " + request.target + " " + request.body + "\n";
      for (const Header field : request.headers)
        verdict += std::string{field.name} + "=" + std::string{field.value} + "\n";
      verdict += parser.wants_keep_alive() ? "keep\n" : "close\n";
      parser.next();
    }
  }
  return verdict + (parser.is_begun() ? "waits" : "idle");
}

void run_request(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t first_byte = static_cast<unsigned char>(input[0]);
  const std::size_t step = first_byte + 1;
  const std::string_view bytes{input.substr(1)};
  const std::string whole = verdict_of(bytes, bytes.size());
  MCPCTL_ASSERT(verdict_of(bytes, step) == whole);
  MCPCTL_ASSERT(verdict_of(bytes, 1) == whole);
}

const mcpctl::fuzz::Target request_target{'r', run_request};

}  // namespace
