// Where our own control groups lie, from /proc/self/cgroup and what is mounted: never
// assumed, for hybrid machines and containers mount them elsewhere, or in part.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace mcpctl::spawn {

class OwnCgroups {
 public:
  /// As the kernel tells now; what is mounted, when that is first needed.
  static OwnCgroups now();
  /// From the texts of /proc/self/mountinfo (empty: /proc is not mounted) and of
  /// /proc/self/cgroup.
  OwnCgroups(std::string mountinfo, std::string membership)
      : membership_(std::move(membership)), mountinfo_(std::move(mountinfo)) {}

  /// The directory of our group of version 2.  Fails if there is none.
  Result<std::string> version_2() const;
  /// That in the hierarchy of version 1 with this controller; nullopt if there is none.
  std::optional<std::string> version_1(std::string_view controller) const;

 private:
  explicit OwnCgroups(std::string membership) : membership_(std::move(membership)) {}

  std::optional<std::string> usual_place(std::string_view own) const;
  const std::string& mountinfo() const;

  std::string membership_;
  /// Read when it is needed: to list the mounts takes the kernel 0.1 ms.
  mutable std::optional<std::string> mountinfo_;
};

}  // namespace mcpctl::spawn
