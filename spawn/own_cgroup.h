// Where our own control groups lie, from /proc/self/mountinfo and /proc/self/cgroup:
// never assumed, for hybrid machines and containers mount them elsewhere, or in part.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpctl::spawn {

/// The directory of our own control group of version 2.  Fails if there is none.
Result<std::string> own_cgroup();
/// The same, from the texts of the two files.
Result<std::string> own_cgroup(std::string_view mountinfo, std::string_view membership);

/// That in the hierarchy of version 1 with this controller; nullopt if there is none.
std::optional<std::string> own_cgroup_of_version_1(std::string_view controller);
std::optional<std::string> own_cgroup_of_version_1(std::string_view mountinfo,
                                                   std::string_view membership,
                                                   std::string_view controller);

}  // namespace mcpctl::spawn
