#include "runtime/server_log.h"

#include <time.h>

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "runtime/line_ring.h"
#include "runtime/log_file.h"
#include "runtime/log_format.h"
#include "runtime/wall_clock.h"

namespace mcpctl::runtime {
namespace {

/// Longer lines are cut here and marked as continued.
constexpr std::size_t line_cap = 64u << 10;
/// What a log that rests holds on to.
constexpr std::size_t kept_records = 4u << 10;

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
        ring_(settings.ring) {}

  void append(Stream stream, std::string_view bytes) {
    bytes_ += bytes.size();
    now_ms_ = wall_clock_ms();
    if (has_file() && is_raw()) write_to_file(bytes);
    std::string& partial = partials_[static_cast<std::size_t>(stream)];
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, line_cap);
      if (const std::size_t taken = partial.empty() ? take_block(stream, piece) : 0; taken > 0) {
        bytes.remove_prefix(taken);
      } else {
        bytes.remove_prefix(take_line(stream, partial, piece));
      }
    }
  }

  void end(Stream stream) {
    std::string& partial = partials_[static_cast<std::size_t>(stream)];
    if (partial.empty()) return;
    now_ms_ = wall_clock_ms();
    emit(stream, std::exchange(partial, {}), false);
  }

  void note(std::string_view text, Stream as) {
    now_ms_ = wall_clock_ms();
    emit(as, text, false);
  }

  void reconfigure(const config::Logs& settings) {
    const bool same_file = settings.dir == settings_.dir && settings.keep == settings_.keep &&
                           settings.max_size == settings_.max_size;
    settings_ = settings;
    ring_.set_capacity(settings.ring);
    if (!same_file) forget_file();
  }

  /// Who paused for the file's sake must not wait for a relief that others are told of.
  void serve(const config::Logs& settings, Callbacks callbacks) {
    if (callbacks_.on_relief) callbacks_.on_relief();
    callbacks_ = std::move(callbacks);
    reconfigure(settings);
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
  bool has_file() const { return !settings_.dir.empty(); }
  bool is_raw() const { return settings_.format == config::LogFormat::raw; }

  void forget_file() {
    const bool was_congested = is_congested();
    file_.reset();
    // Nobody else would tell whoever pauses for the former file's sake.
    if (was_congested && callbacks_.on_relief) callbacks_.on_relief();
  }

  std::unique_ptr<LogFile> new_file() {
    return std::make_unique<LogFile>(loop_, settings_.dir + "/" + server_ + ".log",
                                     settings_.max_size, settings_.keep,
                                     LogFile::Callbacks{[this](const Error& trouble) {
                                                          if (callbacks_.on_trouble)
                                                            callbacks_.on_trouble(trouble);
                                                        },
                                                        [this] {
                                                          if (callbacks_.on_relief)
                                                            callbacks_.on_relief();
                                                        }});
  }

  /// All lines that are whole within `bytes`, at once; how many bytes that were.
  std::size_t take_block(Stream stream, std::string_view bytes) {
    const std::size_t last_newline = bytes.rfind('\n');
    if (last_newline == std::string_view::npos) return 0;
    emit(stream, bytes.substr(0, last_newline), false);
    return last_newline + 1;
  }

  /// What `bytes` has of the line that `partial` began; how many bytes that were.
  std::size_t take_line(Stream stream, std::string& partial, std::string_view bytes) {
    const std::size_t newline = bytes.find('\n');
    const bool is_whole = newline != std::string_view::npos;
    const std::string_view text = bytes.substr(0, newline);
    const std::size_t room = line_cap - partial.size();
    partial += text.substr(0, room);
    if (text.size() > room) {
      emit(stream, std::exchange(partial, {}), true);
      return room;
    }
    if (is_whole) emit(stream, std::exchange(partial, {}), false);
    return text.size() + (is_whole ? 1 : 0);
  }

  void emit(Stream stream, std::string_view text, bool continued) {
    std::optional<std::string> redacted;
    if (callbacks_.redact) redacted = callbacks_.redact(text);
    if (redacted) text = *redacted;
    const LineBlock block{ring_.next_sequence(), now_ms_, stream, text, continued};
    ring_.push(now_ms_, stream, continued, text);
    if (has_file() && !is_raw()) {
      records_.clear();
      format_records(records_, settings_.format, server_, block);
      write_to_file(records_);
      if (records_.capacity() > kept_records) records_ = {};
    }
    if (topic_.has_subscribers()) {
      for_each_line(block, [this](const Line& line) { topic_.publish(line); });
    }
    all_.publish({server_, block, has_file()});
  }

  void write_to_file(std::string_view records) {
    if (!file_) file_ = new_file();
    if (file_->write(records)) return;
    for (const char c : records) dropped_ += c == '\n' ? 1 : 0;
  }

  loop::Loop& loop_;
  std::string server_;
  LineFeed& all_;
  Callbacks callbacks_;
  config::Logs settings_;
  LineRing ring_;
  std::unique_ptr<LogFile> file_;  ///< made when there is something to write
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
void ServerLog::serve(const config::Logs& settings, Callbacks callbacks) {
  inner_->serve(settings, std::move(callbacks));
}
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
