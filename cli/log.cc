#include "cli/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <string>

#include "cli/terminal.h"
#include "control/json.h"

namespace mcpctl::cli {
namespace {

/// spdlog's way to our never-blocking output.  One thread: no mutex.
class OutputSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  OutputSink(Output& output, LogStyle style, bool color)
      : output_(output), style_(style), color_(color) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text{message.payload.data(), message.payload.size()};
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string_view level_name{level.data(), level.size()};
    if (style_ == LogStyle::json) {
      const auto now =
          std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
      output_.write("{\"time\":" + control::quoted(control::utc_time(now.count())) +
                    ",\"event\":\"log\",\"level\":" + control::quoted(level_name) +
                    ",\"text\":" + control::quoted(text) + "}\n");
      return;
    }
    output_.write(prefix(message.level) + std::string{text} + "\n");
  }
  void flush_() override {}

 private:
  std::string prefix(spdlog::level::level_enum level) const {
    std::string name = painted("mcpctl: ", Tone::bold, color_);
    if (level == spdlog::level::warn) return name + painted("warning: ", Tone::yellow, color_);
    if (level == spdlog::level::err) return name + painted("error: ", Tone::red, color_);
    return name;
  }

  Output& output_;
  LogStyle style_;
  bool color_;
};

}  // namespace

class Log::Inner {
 public:
  Inner(Output& output, LogStyle style, bool color)
      : logger_("mcpctl", std::make_shared<OutputSink>(output, style, color)) {}

  void write(spdlog::level::level_enum level, std::string_view message) {
    logger_.log(level, spdlog::string_view_t{message.data(), message.size()});
  }

 private:
  spdlog::logger logger_;
};

Log::Log(Output& output, LogStyle style, bool color)
    : inner_(std::make_unique<Inner>(output, style, color)) {}
Log::~Log() = default;

void Log::info(std::string_view message) { inner_->write(spdlog::level::info, message); }
void Log::warning(std::string_view message) { inner_->write(spdlog::level::warn, message); }
void Log::error(std::string_view message) { inner_->write(spdlog::level::err, message); }

}  // namespace mcpctl::cli
