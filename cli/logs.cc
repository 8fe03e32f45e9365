// mcpctl logs: what servers wrote.
#include <regex.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/fleet_view.h"
#include "cli/line_format.h"
#include "config/duration.h"
#include "control/parameters.h"

namespace mcpctl::cli {
namespace {

/// A POSIX extended regular expression.  It is run here and not in the supervisor: a
/// dear one costs only its author's time.
class Expression {
 public:
  static Result<Expression> compile(const std::string& text) {
    Expression expression;
    expression.compiled_ = std::make_unique<regex_t>();
    const int error = ::regcomp(expression.compiled_.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) {
      expression.is_compiled_ = true;
      return expression;
    }
    char message[256];
    ::regerror(error, expression.compiled_.get(), message, sizeof message);
    return failure("--grep: " + std::string{message});
  }
  Expression(Expression&& other) noexcept
      : compiled_(std::move(other.compiled_)),
        is_compiled_(std::exchange(other.is_compiled_, false)) {}
  Expression& operator=(Expression&&) = delete;
  ~Expression() {
    if (is_compiled_) ::regfree(compiled_.get());
  }
  bool matches(const std::string& line) const {
    return ::regexec(compiled_.get(), line.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  Expression() = default;
  std::unique_ptr<regex_t> compiled_;
  bool is_compiled_{false};
};

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Logs final : public Command {
 public:
  std::string_view name() const override { return "logs"; }
  std::string_view summary() const override { return "Show what servers wrote to stderr"; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, "Servers; none: all")->type_name("NAME");
    app.add_flag("-f,--follow", follow_, "Go on as lines come");
    app.add_option("-n,--tail", tail_, "The last N lines, or all")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--since", since_, "Not older than this: 30s, 5m, 2h")->type_name("AGE");
    app.add_option("--grep", grep_, "Lines that match this extended regular expression")
        ->type_name("RE");
    app.add_flag("--json", json_, "An object per line");
    app.add_flag("--no-color", no_color_, "No colours on a terminal");
    add_fleet_options(app, choice_);
    app.footer("Example: mcpctl logs weather -f --since 5m --grep 'error|warn'");
  }

  int run() override {
    if (const auto prepared = prepare(); !prepared) {
      return complain(prepared.error().message, exit_usage);
    }
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    if (const auto named = learn_names(*fleet); !named) {
      return complain(named.error().message, exit_failed);
    }
    const auto shown = follow_ ? follow(*fleet) : show(*fleet);
    return shown ? exit_ok : complain(shown.error().message, exit_failed);
  }

 private:
  Result<void> prepare() {
    if (tail_ != "all") {
      const char* end = tail_.data() + tail_.size();
      const auto parsed = std::from_chars(tail_.data(), end, count_);
      if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return failure("--tail: a number of lines, or \"all\"");
      }
    }
    if (!since_.empty()) {
      const auto age = config::parse_duration(since_);
      if (!age) return failure("--since: " + age.error().message);
      since_ms_ = unix_ms_now() - age->count();
    }
    if (!grep_.empty()) {
      auto expression = Expression::compile(grep_);
      if (!expression) return std::unexpected{expression.error()};
      expression_.emplace(std::move(*expression));
    }
    return {};
  }

  Result<void> learn_names(const FoundFleet& fleet) {
    const auto answer = call(fleet.socket, "GET", "/api/v1/servers?usage=0");
    if (!answer) return std::unexpected{answer.error()};
    const auto view = read_fleet(*answer);
    if (!view) return std::unexpected{view.error()};
    std::vector<std::string> names;
    for (const ServerView& server : view->servers) {
      const bool is_chosen =
          servers_.empty() || std::ranges::find(servers_, server.name) != servers_.end();
      if (is_chosen) names.push_back(server.name);
    }
    format_.emplace(names, Terminal::of(STDOUT_FILENO, no_color_).color);
    return {};
  }

  /// With an expression we must see all lines to know the last that match.
  std::string target() const {
    std::string query = "?tail=" + (expression_ ? "all" : tail_) +
                        "&since_ms=" + std::to_string(since_ms_) + (follow_ ? "&follow=1" : "");
    for (const std::string& server : servers_) {
      query += "&server=" + control::percent_encoded(server);
    }
    return "/api/v1/logs" + query;
  }

  Result<void> show(const FoundFleet& fleet) {
    const auto answer = call(fleet.socket, "GET", target());
    if (!answer) return std::unexpected{answer.error()};
    auto lines = read_log_lines(*answer);
    if (!lines) return std::unexpected{lines.error()};
    if (expression_) {
      std::erase_if(*lines,
                    [&](const LogLineView& line) { return !expression_->matches(line.text); });
    }
    const std::size_t skipped =
        tail_ == "all" || lines->size() <= count_ ? 0 : lines->size() - count_;
    std::string text;
    for (std::size_t i = skipped; i < lines->size(); ++i) text += shown((*lines)[i]);
    print(text);
    return {};
  }

  Result<void> follow(const FoundFleet& fleet) {
    auto call = ApiCall::send(fleet.socket, "GET", target());
    if (!call) return std::unexpected{call.error()};
    if (const auto begun = call->await_head(in(Duration{10'000})); !begun) {
      return std::unexpected{begun.error()};
    }
    if (call->status() != 200) {
      const auto answer = call->await_whole(in(Duration{10'000}));
      if (!answer) return std::unexpected{answer.error()};
      return failure(problem_text(answer->status, answer->body));
    }
    for (;;) {
      bool timed_out = false;
      const auto event = call->next_event(never, timed_out);
      if (!event) return std::unexpected{event.error()};
      if (!*event) return {};
      if ((*event)->type == "skipped") {
        complain("lines were skipped: " + (*event)->data, exit_ok);
        continue;
      }
      const auto line = read_log_line((*event)->data);
      if (line && (!expression_ || expression_->matches(line->text))) print(shown(*line));
    }
  }

  std::string shown(const LogLineView& line) const {
    if (json_) return line.json + "\n";
    return format_->line(line.server, line.unix_ms, line.stream, line.text);
  }

  std::vector<std::string> servers_;
  FleetChoice choice_;
  bool follow_{false};
  bool json_{false};
  bool no_color_{false};
  std::string tail_{"100"};
  std::string since_;
  std::string grep_;
  std::size_t count_{0};
  std::int64_t since_ms_{0};
  std::optional<Expression> expression_;
  std::optional<LineFormat> format_;
};

}  // namespace

std::unique_ptr<Command> make_logs() { return std::make_unique<Logs>(); }

}  // namespace mcpctl::cli
