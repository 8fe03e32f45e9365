#include "runtime/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <semaphore>
#include <system_error>
#include <utility>

#include "loop/fd.h"
#include "loop/timer.h"
#include "loop/work.h"

namespace mcpctl::runtime {
namespace {

constexpr std::size_t backlog_cap = 8u << 20;
constexpr std::size_t congested_at = 1u << 20;
/// What a file that rests keeps of its buffers.
constexpr std::size_t kept_pending = 4u << 10;
constexpr Duration patience{500};
/// From the first line until the file is opened; not longer than until there is so much.
constexpr Duration moment{50};
constexpr std::size_t much = 64u << 10;
constexpr Duration trouble_interval{10'000};
constexpr std::chrono::seconds farewell{1};

/// The file as the worker thread sees it; only one thread has it at a time.
struct Disk {
  std::string path;
  std::uint64_t max_size;
  unsigned keep;
  loop::Fd fd;
  std::uint64_t size{0};
};

/// One piece of work.  Shared, because either side may be the last to need it:
/// the thread when the log is destroyed meanwhile, the log when it waits.
struct Job {
  Disk disk;
  std::string data;
  std::string trouble;
  std::uint64_t lost{0};
  bool reopen{false};
  std::binary_semaphore done{0};
};

std::string why(int error) { return std::generic_category().message(error); }

bool open_file(Disk& disk, std::string& trouble) {
  std::error_code ignored;  // open() tells better what is wrong
  std::filesystem::create_directories(std::filesystem::path{disk.path}.parent_path(), ignored);
  // O_NONBLOCK: a FIFO that nobody reads is an error here, not a thread that hangs.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  disk.fd.reset(::open(disk.path.c_str(), flags, 0640));
  if (!disk.fd) {
    trouble = "cannot open log file " + disk.path + ": " + why(errno);
    return false;
  }
  struct stat info{};
  disk.size = ::fstat(disk.fd.get(), &info) == 0 && S_ISREG(info.st_mode)
                  ? static_cast<std::uint64_t>(info.st_size)
                  : 0;
  return true;
}

void rotate(Disk& disk) {
  disk.fd.reset();
  if (disk.keep == 0) {
    ::unlink(disk.path.c_str());
    return;
  }
  for (unsigned n = disk.keep; n > 1; --n) {
    const std::string newer = disk.path + "." + std::to_string(n - 1);
    const std::string older = disk.path + "." + std::to_string(n);
    ::rename(newer.c_str(), older.c_str());
  }
  ::rename(disk.path.c_str(), (disk.path + ".1").c_str());
}

bool was_deleted(const Disk& disk) {
  struct stat info{};
  return ::fstat(disk.fd.get(), &info) == 0 && info.st_nlink == 0;
}

/// How much of `data` fits in the current file, cut after a whole record.
std::string_view piece_that_fits(const Disk& disk, std::string_view data) {
  const std::uint64_t room = disk.max_size > disk.size ? disk.max_size - disk.size : 0;
  if (data.size() <= room) return data;
  const std::size_t end = data.substr(0, room).rfind('\n');
  if (end != std::string_view::npos) return data.substr(0, end + 1);
  if (disk.size > 0) return {};
  const std::size_t first = data.find('\n');
  return first == std::string_view::npos ? data : data.substr(0, first + 1);
}

bool write_piece(Disk& disk, std::string_view piece, std::string& trouble) {
  while (!piece.empty()) {
    const ssize_t written = ::write(disk.fd.get(), piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      trouble = "cannot write log file " + disk.path + ": " + why(errno);
      disk.fd.reset();
      return false;
    }
    disk.size += static_cast<std::uint64_t>(written);
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// On the threadpool (or, at the very end, on the loop's thread).
void perform(Job& job) {
  Disk& disk = job.disk;
  if (job.reopen || (disk.fd && was_deleted(disk))) disk.fd.reset();
  std::string_view rest = job.data;
  while (!rest.empty()) {
    if (!disk.fd && !open_file(disk, job.trouble)) break;
    const std::string_view piece = piece_that_fits(disk, rest);
    if (piece.empty()) {
      rotate(disk);
      continue;
    }
    if (!write_piece(disk, piece, job.trouble)) break;
    rest.remove_prefix(piece.size());
  }
  job.lost = static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
}

}  // namespace

struct LogFile::Inner {
  Inner(loop::Loop& owner, Disk where, Callbacks hears)
      : loop(owner), callbacks(std::move(hears)), stall(owner), disk(std::move(where)) {}

  /// With what else comes in this turn.  Only the first write waits a moment, unless there
  /// is much: it opens the file, and the first of all starts the pool's threads, while the
  /// server that it tells of is about to say its first word.
  void write_soon() {
    if (is_new && pending.size() < much) {
      if (!opening) opening.emplace(loop).arm(moment, [this] { write_now(); });
      return;
    }
    write_now();
  }

  void write_now() {
    is_new = false;
    opening.reset();
    if (job || std::exchange(is_due, true)) return;
    loop.post([this, still = std::weak_ptr{alive}] {
      if (still.expired()) return;
      is_due = false;
      // Its own trouble, noted in it, may have made it write meanwhile.
      if (!job && (!pending.empty() || reopen_wanted)) start_writing();
    });
  }

  void start_writing() {
    job = std::make_shared<Job>();
    job->disk = std::move(disk);
    job->data = std::exchange(pending, std::exchange(spare, {}));
    job->reopen = std::exchange(reopen_wanted, false);
    work = loop::start_work(
        loop,
        [job = job] {
          perform(*job);
          job->done.release();
        },
        [this] { finished(); });
  }

  void finished() {
    const auto ended = std::exchange(job, nullptr);
    disk = std::move(ended->disk);
    lost += ended->lost;
    spare = std::move(ended->data);
    spare.clear();
    if (!ended->trouble.empty()) report(ended->trouble);
    if (!pending.empty() || reopen_wanted) {
      start_writing();
    } else {
      if (spare.capacity() > kept_pending) spare = {};
      if (pending.capacity() > kept_pending) pending = {};
    }
    if (pending.size() < congested_at / 2) relieve();
  }

  void report(const std::string& trouble) {
    const Instant now = loop.now();
    if (last_trouble && now - *last_trouble < trouble_interval) return;
    last_trouble = now;
    if (callbacks.on_trouble) callbacks.on_trouble(Error{trouble});
  }

  void relieve() {
    if (!std::exchange(congested, false)) return;
    stall.disarm();
    if (callbacks.on_relief) callbacks.on_relief();
  }

  loop::Loop& loop;
  Callbacks callbacks;
  loop::Timer stall;
  Disk disk;                 ///< valid while no job runs
  std::shared_ptr<Job> job;  ///< the one that runs
  loop::Work work;
  std::string pending;
  std::string spare;  ///< the other buffer: they change places
  bool congested{false};
  bool reopen_wanted{false};
  bool is_new{true};                   ///< nothing was written yet
  std::optional<loop::Timer> opening;  ///< the first write
  bool is_due{false};                  ///< to start writing, once the loop has come to it
  std::shared_ptr<bool> alive{std::make_shared<bool>(true)};
  std::uint64_t lost{0};
  std::optional<Instant> last_trouble;
};

LogFile::LogFile(loop::Loop& loop, std::string path, std::uint64_t max_size, unsigned keep,
                 Callbacks callbacks)
    : inner_(std::make_unique<Inner>(loop, Disk{std::move(path), max_size, keep, {}, 0},
                                     std::move(callbacks))) {}

LogFile::~LogFile() {
  if (const auto job = inner_->job) {
    // Waiting comes first: abandoning work takes it back from the pool's queue.
    const bool is_in_vain = inner_->work.waits_for_threads();
    if (is_in_vain) perform(*job);
    const bool written = is_in_vain || job->done.try_acquire_for(farewell);
    inner_->work.abandon();
    if (!written) return;  // a dead disk keeps its thread
    inner_->disk = std::move(job->disk);
  }
  if (inner_->pending.empty()) return;
  Job last;
  last.disk = std::move(inner_->disk);
  last.data = std::move(inner_->pending);
  perform(last);
}

bool LogFile::write(std::string_view records) {
  Inner& self = *inner_;
  if (self.pending.size() + records.size() > backlog_cap) return false;
  self.pending += records;
  self.write_soon();
  if (self.pending.size() > congested_at && !self.congested) {
    self.congested = true;
    self.stall.arm(patience, [this] { inner_->relieve(); });
  }
  return true;
}

bool LogFile::is_congested() const { return inner_->congested; }

void LogFile::reopen() {
  inner_->reopen_wanted = true;
  inner_->write_soon();
}

std::uint64_t LogFile::records_lost() const { return inner_->lost; }

}  // namespace mcpctl::runtime
