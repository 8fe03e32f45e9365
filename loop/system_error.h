// Turns an errno value into an Error: "cannot VERB OBJECT: cause".
#pragma once
#include <cstring>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::loop {

/// `what` reads "cannot open /run/x.lock"; `code` is a positive errno value.
inline Error system_error(std::string_view what, int code) {
  // Not std::generic_category(): UBSan looks at whose function is virtual through a pipe,
  // and this is asked when there are no descriptors.
  const char* const cause = ::strerrordesc_np(code);
  return Error{std::string{what} + ": " +
               (cause != nullptr ? cause : "error " + std::to_string(code))};
}

inline std::unexpected<Error> system_failure(std::string_view what, int code) {
  return std::unexpected<Error>{system_error(what, code)};
}

}  // namespace mcpctl::loop
