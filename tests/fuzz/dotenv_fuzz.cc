// An envFile: any bytes give variables that a kernel can carry, or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "config/dotenv.h"

using namespace mcpctl::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto variables = parse_dotenv({reinterpret_cast<const char*>(data), size});
  if (!variables) {
    MCPCTL_ASSERT(!variables.error().message.empty());
    return 0;
  }
  std::string_view before;
  for (const auto& [name, value] : *variables) {
    MCPCTL_ASSERT(is_variable_name(name));
    MCPCTL_ASSERT(value.find('\0') == value.npos);
    MCPCTL_ASSERT(before < name);  // sorted, each name once
    before = name;
  }
  return 0;
}
