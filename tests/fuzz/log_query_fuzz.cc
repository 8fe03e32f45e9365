// What a client may ask of the logs, from the bytes of its request on: an error, or a
// query whose numbers are in bounds; and any line can be held against it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "control/log_query.h"
#include "control/parameters.h"
#include "http/parser.h"

using namespace mcpctl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string target{reinterpret_cast<const char*>(data), size};
  http::RequestParser parser;
  const std::string head = "GET /api/v1/logs?" + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (parser.feed(head).progress != http::Progress::complete) return 0;
  const http::Request request = parser.take();
  (void)control::flag_parameter(request, "follow");
  const auto query = control::log_query(request);
  if (!query) {
    MCPCTL_ASSERT(!query.error().message.empty());
    return 0;
  }
  MCPCTL_ASSERT(query->tail <= control::most_lines);
  for (const std::string& server : query->servers) MCPCTL_ASSERT(query->wants(server));
  const runtime::Line line{1, query->since_ms, runtime::Stream::err, query->grep, false};
  MCPCTL_ASSERT(query->matches(line));
  return 0;
}
