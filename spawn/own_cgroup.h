// Where our own control groups lie, from /proc/self/mountinfo and /proc/self/cgroup:
// never assumed, for hybrid machines and containers mount them elsewhere, or in part.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace mcpctl::spawn {

class OwnCgroups {
 public:
  /// As the kernel tells now.  To list the mounts takes it 0.1 ms.
  static OwnCgroups now();
  /// From the texts of the two files.
  OwnCgroups(std::string mountinfo, std::string membership)
      : mountinfo_(std::move(mountinfo)), membership_(std::move(membership)) {}

  /// The directory of our group of version 2.  Fails if there is none.
  Result<std::string> version_2() const;
  /// That in the hierarchy of version 1 with this controller; nullopt if there is none.
  std::optional<std::string> version_1(std::string_view controller) const;

 private:
  std::string mountinfo_;  ///< empty: /proc is not mounted
  std::string membership_;
};

}  // namespace mcpctl::spawn
