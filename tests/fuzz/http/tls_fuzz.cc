// Feeds a server's half of a handshake to the client's TLS, in steps of a size that the
// input says: certificates reach their description, nothing reaches the plain side.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/tls.h"
#include "tests/fuzz/target.h"

using namespace mcpctl::http;

namespace {

void run_tls(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t first_byte = static_cast<unsigned char>(input[0]);
  const std::size_t step = first_byte * 8 + 1;
  const std::string_view bytes{input.substr(1)};
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
}

const mcpctl::fuzz::Target tls_target{'t', run_tls};

}  // namespace
