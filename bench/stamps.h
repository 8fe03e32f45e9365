// The benchmark's end of the map that its children stamp: who runs since when.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/stamp.h"

namespace mcpctl::bench {

class Stamps {
 public:
  explicit Stamps(const std::string& path);
  ~Stamps();
  Stamps(const Stamps&) = delete;
  Stamps& operator=(const Stamps&) = delete;

  const std::string& path() const { return path_; }

  struct Start {
    std::uint64_t time_ns;
    pid_t pid;
  };

  /// Takes in what was stamped since the last call.
  void update();
  /// How many different children have started.
  std::size_t running() const { return latest_.size(); }
  /// The latest start of each child, by its index.
  const std::map<std::uint32_t, Start>& latest() const { return latest_; }
  /// Whether child `index` started after `time_ns`.
  bool started_since(std::uint32_t index, std::uint64_t time_ns) const;
  /// The first of all stamps of this kind.
  std::optional<stamp> first(stamp_kind kind) const;

 private:
  std::string path_;
  stamp_map* map_;
  std::uint64_t seen_{0};
  std::map<std::uint32_t, Start> latest_;
  std::vector<stamp> others_;
};

}  // namespace mcpctl::bench
