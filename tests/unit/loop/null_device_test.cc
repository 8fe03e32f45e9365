#include "loop/null_device.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

using namespace mcpctl::loop;

TEST_CASE("reading from the null device ends at once, and no child inherits it") {
  const Fd null = open_null_device();

  REQUIRE(null);
  char byte = 0;
  CHECK(::read(null.get(), &byte, 1) == 0);
  CHECK((::fcntl(null.get(), F_GETFD) & FD_CLOEXEC) != 0);
}
