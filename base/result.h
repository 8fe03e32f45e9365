// How our functions fail: a value or an Error, never an exception across our
// own interfaces.
#pragma once
#include <expected>
#include <string>
#include <utility>

namespace mcpctl {

/// What went wrong, as a sentence for an operator: "cannot VERB OBJECT: cause".
/// UTF-8, one line, no trailing full stop, free of secrets.
struct Error {
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(std::string message) {
  return std::unexpected<Error>{Error{std::move(message)}};
}

}  // namespace mcpctl
