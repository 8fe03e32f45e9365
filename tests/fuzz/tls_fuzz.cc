// Feeds a server's half of a handshake to the client's TLS, in steps of a size that the
// input says: certificates reach their description, nothing reaches the plain side.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/tls.h"

using namespace mcpctl::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = std::size_t{data[0]} * 8 + 1;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto context = tls_context({.directories = "/nonexistent"});
  MCPCTL_ASSERT(context.has_value());
  TlsSession session{*context, "a.example"};
  MCPCTL_ASSERT(session.begin().has_value());
  std::string said;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto received = session.receive(bytes.substr(at, step), said);
    MCPCTL_ASSERT(!session.is_open());  // nobody is trusted
    if (received) continue;
    for (const char c : received.error().message) MCPCTL_ASSERT(c != '\n' && c != '\x1b');
    break;
  }
  MCPCTL_ASSERT(said.empty());
  return 0;
}
