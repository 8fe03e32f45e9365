// What a client may ask of the logs, from the bytes of its request on: an error, or a
// query whose numbers are in bounds; and any line can be held against it.
#include <string_view>

#include "base/assert.h"
#include "control/log_query.h"
#include "control/parameters.h"
#include "http/parser.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;

namespace {

void run_log_query(std::string_view input) {
  const std::string target{input};
  http::RequestParser parser;
  const std::string head = "GET /api/v1/logs?" + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (parser.feed(head).progress != http::Progress::complete) return;
  const http::Request& request = parser.request();
  (void)control::flag_parameter(request, "follow");
  const auto query = control::log_query(request);
  if (!query) {
    MCPCTL_ASSERT(!query.error().message.empty());
    return;
  }
  MCPCTL_ASSERT(query->tail <= control::most_lines);
  for (const std::string& server : query->servers) MCPCTL_ASSERT(query->wants(server));
  const runtime::Line line{1, query->since_ms, runtime::Stream::err, query->grep, false};
  MCPCTL_ASSERT(query->matches(line));
}

const mcpctl::fuzz::Target log_query_target{'l', run_log_query};

}  // namespace
