// Users and groups by name or number, from the machine's databases (passwd(5),
// group(5), or whatever the name service switch asks).  Blocks as these do.
#pragma once
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace mcpctl::runtime {

/// An empty group means the user's own.  A number needs no entry: containers run so.
/// The error is only the cause: "no such user".
Result<config::Identity> find_user(const std::string& user, const std::string& group);

}  // namespace mcpctl::runtime
