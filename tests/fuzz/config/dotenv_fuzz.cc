// An envFile: any bytes give variables that a kernel can carry, or an error.
#include <string_view>

#include "base/assert.h"
#include "config/dotenv.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::config;

namespace {

void run_dotenv(std::string_view input) {
  const auto variables = parse_dotenv(input);
  if (!variables) {
    MCPCTL_ASSERT(!variables.error().message.empty());
    return;
  }
  std::string_view before;
  for (const auto& [name, value] : *variables) {
    MCPCTL_ASSERT(is_variable_name(name));
    MCPCTL_ASSERT(value.find('\0') == value.npos);
    MCPCTL_ASSERT(before < name);  // sorted, each name once
    before = name;
  }
}

const mcpctl::fuzz::Target dotenv_target{'d', run_dotenv};

}  // namespace
