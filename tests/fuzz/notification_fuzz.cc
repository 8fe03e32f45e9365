// sd_notify(3) datagrams: any bytes give a bounded, printable value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "health/notification.h"

using namespace mcpctl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto told = health::parse_notification({reinterpret_cast<const char*>(data), size});
  if (told.extend_timeout) {
    MCPCTL_ASSERT(*told.extend_timeout >= Duration{0});
    MCPCTL_ASSERT(*told.extend_timeout <= Duration{3'600'000});
  }
  if (told.status) {
    MCPCTL_ASSERT(told.status->size() <= 256);
    MCPCTL_ASSERT(std::ranges::none_of(
        *told.status, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
  return 0;
}
