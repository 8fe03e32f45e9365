#include "relay/method.h"

#include <doctest/doctest.h>

namespace mcpctl::relay {
namespace {

TEST_CASE("a method is recognised however it is written") {
  CHECK(method_of(R"("tools/call")") == Method::tools_call);
  CHECK(method_of(R"("tools\/c\u0061ll")") == Method::tools_call);
  CHECK(method_of(R"("tools/call ")") == Method::other);
  CHECK(method_of(R"("tools\\/call")") == Method::other);
  CHECK(method_of("") == Method::other);
}

}  // namespace
}  // namespace mcpctl::relay
