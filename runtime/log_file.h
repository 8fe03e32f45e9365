// One log file with rotation.  All disk work happens on the threadpool, one piece
// at a time, so that a slow disk delays nobody and a dead one costs a bounded
// amount of memory: what does not fit is dropped and counted.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/loop.h"

namespace mcpctl::runtime {

class LogFile {
 public:
  struct Callbacks {
    /// What an operator should hear of (no space, folder gone), at most once in
    /// ten seconds.
    std::function<void(const Error&)> on_trouble;
    /// The file is no longer congested.
    std::function<void()> on_relief;
  };

  /// `path` is opened (and its folder made) when there is something to write.
  /// Rotates to path.1 … path.keep when `max_size` bytes are reached.
  LogFile(loop::Loop& loop, std::string path, std::uint64_t max_size, unsigned keep,
          Callbacks callbacks);
  /// Leaves what is being written to its thread; blocks for what still waits.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// Takes whole records.  False: the backlog is full, nothing was taken.
  bool write(std::string_view records);

  /// More waits than the disk should owe; the source had better pause.  Ends by
  /// on_relief, or after half a second without progress: a dead disk must not
  /// stop a server.
  bool is_congested() const;

  /// Closes and opens the file by its name, for an external rotation.
  void reopen();

  /// Records that were taken and then lost to a failing disk.
  std::uint64_t records_lost() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::runtime
