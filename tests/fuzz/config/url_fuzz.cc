// A URL of a configuration: both readers of it end, agree on the host's port, and no
// URL that is accepted can end a line of a request.
#include <string_view>

#include "base/assert.h"
#include "config/url.h"
#include "http/url.h"
#include "tests/fuzz/target.h"

using namespace mcpctl;

namespace {

void run_url(std::string_view text) {
  const auto parts = config::split_url(text);
  const auto url = http::parse_url(text);
  if (!url) {
    MCPCTL_ASSERT(!url.error().message.empty());
    return;
  }
  for (const std::string_view line :
       {std::string_view{url->target}, std::string_view{url->authority}})
    MCPCTL_ASSERT(line.find_first_of("\r\n \0", 0, 4) == line.npos);
  MCPCTL_ASSERT(url->target.starts_with('/'));
  MCPCTL_ASSERT(url->same_origin(*url));
  if (url->scheme == http::Scheme::unix_socket) return;
  const auto again = http::parse_url(url->text());
  MCPCTL_ASSERT(again && again->target == url->target && again->same_origin(*url));
  if (parts && parts->port) MCPCTL_ASSERT(*parts->port == url->port);
}

const mcpctl::fuzz::Target url_target{'u', run_url};

}  // namespace
