// A server that answers requests for its lists in any way, line by line; '#' opens the
// next conversation, '*' says that lists have changed, '?' asks again.  Never a crash, and
// never more than one question at a time.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/assert.h"
#include "mcp/envelope.h"
#include "relay/list_watch.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;
using namespace mcpctl::relay;

namespace {

void run_list_watch(std::string_view input) {
  if (input.empty()) return;
  ListWatch watch;
  watch.keep((input[0] & 1) != 0);
  const mcp::Era era = (input[0] & 2) != 0 ? mcp::Era::modern : mcp::Era::legacy;
  std::uint64_t id = 0;
  bool is_asked = false;
  const auto settle = [&] {
    for (const Output& output : watch.take_outputs()) {
      const auto* question = std::get_if<ToServer>(&output);
      if (question == nullptr) continue;
      MCPCTL_ASSERT(!is_asked && mcp::scan(question->text).has_value());
      is_asked = true;
    }
  };
  const auto open = [&] {
    is_asked = false;
    watch.opened({.era = era,
                  .revision = "2025-11-25",
                  .capabilities = R"({"tools":{},"prompts":{},"resources":{}})"},
                 [&id] { return ++id; });
    watch.ask();
  };
  open();
  settle();
  for (input.remove_prefix(1); !input.empty();) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (line == "#") open();
    if (line == "*") watch.changed(Heard::What::tools_changed);
    if (line == "?") watch.ask();
    if (const auto envelope = mcp::scan(line); envelope && watch.take(line, *envelope)) {
      is_asked = false;
    }
    settle();
  }
}

const fuzz::Target list_watch_target{'w', run_list_watch};

}  // namespace
