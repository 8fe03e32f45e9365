// sd_notify(3) datagrams: any bytes give a bounded, printable value.
#include <algorithm>
#include <string_view>

#include "base/assert.h"
#include "health/notification.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;

namespace {

void run_notification(std::string_view input) {
  const auto told = health::parse_notification(input);
  if (told.extend_timeout) {
    MCPCTL_ASSERT(*told.extend_timeout >= Duration{0});
    MCPCTL_ASSERT(*told.extend_timeout <= Duration{3'600'000});
  }
  if (told.status) {
    MCPCTL_ASSERT(told.status->size() <= 256);
    MCPCTL_ASSERT(std::ranges::none_of(
        *told.status, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
}

const mcpctl::fuzz::Target notification_target{'n', run_notification};

}  // namespace
