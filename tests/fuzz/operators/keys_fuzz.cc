// Key presses from a terminal: any bytes, split anywhere, give the same keys, and
// nothing is ever kept that could grow.
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "cli/keys.h"
#include "mcp/text.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;

namespace {

void run_keys(std::string_view bytes) {
  cli::KeyDecoder whole;
  const std::vector<cli::Key> keys = whole.feed(bytes);
  MCPCTL_ASSERT(keys.size() <= bytes.size());

  cli::KeyDecoder split;
  std::vector<cli::Key> again;
  for (const char byte : bytes) {
    for (cli::Key& key : split.feed({&byte, 1})) again.push_back(std::move(key));
  }
  MCPCTL_ASSERT(again == keys);
  MCPCTL_ASSERT(split.is_undecided() == whole.is_undecided());

  for (const cli::Key& key : keys) {
    const bool is_character = key.kind == cli::Key::Kind::character;
    MCPCTL_ASSERT(is_character == !key.text.empty());
    if (is_character) MCPCTL_ASSERT(mcp::utf8_sequence(key.text) == key.text.size());
  }
  MCPCTL_ASSERT(whole.settle().size() <= cli::KeyDecoder::longest);
}

const mcpctl::fuzz::Target keys_target{'k', run_keys};

}  // namespace
