// Feeds bytes to the event stream parser whole and split: the events must be the
// same, and what they hold must survive being formatted and parsed again.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "http/sse.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::http;

namespace {

struct Read {
  std::vector<SseEvent> events;
  bool readable{true};
};

Read read(std::string_view bytes, std::size_t step) {
  SseParser parser{256};
  Read result;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    result.readable = parser.feed(bytes.substr(at, step), result.events);
  }
  return result;
}

bool same(const SseEvent& a, const SseEvent& b) {
  return a.id == b.id && a.type == b.type && a.data == b.data;
}

void run_sse(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t first_byte = static_cast<unsigned char>(input[0]);
  const std::string_view bytes{input.substr(1)};
  const Read whole = read(bytes, bytes.size());
  for (const std::size_t step : {first_byte + 1, std::size_t{1}}) {
    const Read split = read(bytes, step);
    MCPCTL_ASSERT(split.readable == whole.readable);
    MCPCTL_ASSERT(split.events.size() == whole.events.size());
    for (std::size_t i = 0; i < split.events.size(); ++i) {
      MCPCTL_ASSERT(same(split.events[i], whole.events[i]));
    }
  }
  for (const SseEvent& event : whole.events) {
    MCPCTL_ASSERT(event.data.size() <= 256 && !event.type.empty());
    SseParser parser;
    std::vector<SseEvent> again;
    // A byte order mark at the start of our own text cannot occur: it begins with a field.
    MCPCTL_ASSERT(parser.feed(format_sse(event.id, event.type, event.data), again));
    MCPCTL_ASSERT(again.size() == 1 && again[0].data == event.data);
    if (event.type.find('\0') == std::string::npos) MCPCTL_ASSERT(again[0].type == event.type);
  }
}

const mcpctl::fuzz::Target sse_target{'e', run_sse};

}  // namespace
