#include "runtime/server_log.h"

#include <time.h>

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "runtime/line_ring.h"
#include "runtime/log_file.h"
#include "runtime/log_format.h"

namespace mcpctl::runtime {
namespace {

/// Longer lines are cut here and marked as continued.
constexpr std::size_t line_cap = 64u << 10;

std::int64_t wall_clock_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

class ServerLog::Inner {
 public:
  Inner(loop::Loop& loop, std::string server, const config::Logs& settings, LineFeed& all,
        Callbacks callbacks)
      : loop_(loop),
        server_(std::move(server)),
        all_(all),
        callbacks_(std::move(callbacks)),
        settings_(settings),
        ring_(settings.ring) {
    open_file();
  }

  void append(Stream stream, std::string_view bytes) {
    bytes_ += bytes.size();
    now_ms_ = wall_clock_ms();
    if (writes_raw()) write_to_file(bytes);
    std::string& partial = partials_[static_cast<std::size_t>(stream)];
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      const bool whole = newline != std::string_view::npos;
      std::string_view piece = bytes.substr(0, newline);
      const std::size_t room = line_cap - partial.size();
      if (piece.size() > room) {
        piece = piece.substr(0, room);
        take(stream, partial, piece, true);
        bytes.remove_prefix(piece.size());
      } else if (whole) {
        take(stream, partial, piece, false);
        bytes.remove_prefix(newline + 1);
      } else {
        partial += piece;
        break;
      }
    }
    flush();
  }

  void end(Stream stream) {
    std::string& partial = partials_[static_cast<std::size_t>(stream)];
    if (partial.empty()) return;
    now_ms_ = wall_clock_ms();
    take(stream, partial, {}, false);
    flush();
  }

  void note(std::string_view text, Stream as) {
    now_ms_ = wall_clock_ms();
    emit(as, text, false);
    flush();
  }

  void reconfigure(const config::Logs& settings) {
    const bool same_file = settings.dir == settings_.dir && settings.keep == settings_.keep &&
                           settings.max_size == settings_.max_size;
    settings_ = settings;
    ring_.set_capacity(settings.ring);
    if (!same_file) open_file();
  }

  void reopen() {
    if (file_) file_->reopen();
  }

  bool is_congested() const { return file_ && file_->is_congested(); }
  std::uint64_t lines_dropped() const { return dropped_ + (file_ ? file_->records_lost() : 0); }

  const LineRing& ring() const { return ring_; }
  Topic<Line>& lines() { return topic_; }
  std::uint64_t bytes_seen() const { return bytes_; }

 private:
  bool writes_raw() const { return file_ && settings_.format == config::LogFormat::raw; }

  void open_file() {
    const bool was_congested = is_congested();
    file_.reset();
    if (!settings_.dir.empty()) file_ = new_file();
    // Nobody else would tell whoever pauses for the former file's sake.
    if (was_congested && callbacks_.on_relief) callbacks_.on_relief();
  }

  std::unique_ptr<LogFile> new_file() {
    return std::make_unique<LogFile>(loop_, settings_.dir + "/" + server_ + ".log",
                                     settings_.max_size, settings_.keep,
                                     LogFile::Callbacks{callbacks_.on_trouble, [this] {
                                                          if (callbacks_.on_relief)
                                                            callbacks_.on_relief();
                                                        }});
  }

  /// One line is complete: what was kept of it, and its end.
  void take(Stream stream, std::string& partial, std::string_view rest, bool continued) {
    if (partial.empty()) return emit(stream, without_return(rest), continued);
    partial += rest;
    const std::string line = std::exchange(partial, {});
    emit(stream, without_return(line), continued);
  }

  static std::string_view without_return(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  void emit(Stream stream, std::string_view text, bool continued) {
    std::string shown;
    if (callbacks_.redact) text = shown = callbacks_.redact(text);
    ring_.push(now_ms_, stream, continued, text);
    if (file_ && settings_.format != config::LogFormat::raw) {
      format_record(records_, settings_.format, server_, now_ms_, stream, text, continued);
      if (records_.size() > line_cap) flush();
    }
    if (!topic_.has_subscribers() && !all_.has_subscribers()) return;
    const Line line{ring_.next_sequence() - 1, now_ms_, stream, std::string{text}, continued};
    topic_.publish(line);
    all_.publish(NamedLine{server_, line});
  }

  /// What one call formatted goes to the file in one piece.
  void flush() {
    if (records_.empty()) return;
    write_to_file(records_);
    records_.clear();
  }

  void write_to_file(std::string_view records) {
    if (file_->write(records)) return;
    for (const char c : records) dropped_ += c == '\n' ? 1 : 0;
  }

  loop::Loop& loop_;
  std::string server_;
  LineFeed& all_;
  Callbacks callbacks_;
  config::Logs settings_;
  LineRing ring_;
  std::unique_ptr<LogFile> file_;
  Topic<Line> topic_;
  std::array<std::string, 2> partials_;  ///< of Stream::out and Stream::err
  std::string records_;
  std::int64_t now_ms_{0};
  std::uint64_t bytes_{0};
  std::uint64_t dropped_{0};
};

ServerLog::ServerLog(loop::Loop& loop, std::string server, const config::Logs& settings,
                     LineFeed& all, Callbacks callbacks)
    : inner_(
          std::make_unique<Inner>(loop, std::move(server), settings, all, std::move(callbacks))) {}
ServerLog::~ServerLog() = default;

void ServerLog::append(Stream stream, std::string_view bytes) { inner_->append(stream, bytes); }
void ServerLog::end(Stream stream) { inner_->end(stream); }
void ServerLog::note(std::string_view text, Stream as) { inner_->note(text, as); }
bool ServerLog::is_congested() const { return inner_->is_congested(); }
void ServerLog::reconfigure(const config::Logs& settings) { inner_->reconfigure(settings); }
void ServerLog::reopen() { inner_->reopen(); }
std::vector<Line> ServerLog::tail(std::size_t count) const { return inner_->ring().tail(count); }
std::vector<Line> ServerLog::since(std::uint64_t sequence, std::size_t limit) const {
  return inner_->ring().since(sequence, limit);
}
std::uint64_t ServerLog::next_sequence() const { return inner_->ring().next_sequence(); }
Topic<Line>& ServerLog::lines() { return inner_->lines(); }
std::uint64_t ServerLog::bytes_seen() const { return inner_->bytes_seen(); }
std::uint64_t ServerLog::lines_seen() const { return inner_->ring().next_sequence() - 1; }
std::uint64_t ServerLog::lines_dropped() const { return inner_->lines_dropped(); }

}  // namespace mcpctl::runtime
