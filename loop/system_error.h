// Turns an errno value into an Error: "cannot VERB OBJECT: cause".
#pragma once
#include <string>
#include <string_view>
#include <system_error>

#include "base/result.h"

namespace mcpctl::loop {

/// `what` reads "cannot open /run/x.lock"; `code` is a positive errno value.
inline Error system_error(std::string_view what, int code) {
  return Error{std::string{what} + ": " + std::generic_category().message(code)};
}

inline std::unexpected<Error> system_failure(std::string_view what, int code) {
  return std::unexpected<Error>{system_error(what, code)};
}

}  // namespace mcpctl::loop
