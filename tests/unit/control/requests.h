// Requests as the server hands them to the API, for tests.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "http/message.h"

namespace mcpctl::control::testing {

inline http::Request request(std::string target) {
  http::Request made;
  made.target = std::move(target);
  REQUIRE(http::split_target(made));
  return made;
}

}  // namespace mcpctl::control::testing
