// mcpctl init: PID 1 for one command.
#include <signal.h>
#include <string.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "config/duration.h"
#include "signals/init.h"

namespace mcpctl::cli {
namespace {

/// "15", "TERM" or "SIGTERM"; 0 is "no signal".
std::optional<int> signal_number(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) {
    return number >= 0 && number <= 64 ? std::optional{number} : std::nullopt;
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int candidate = 1; candidate < 32; ++candidate) {
    const char* name = ::sigabbrev_np(candidate);
    if (name != nullptr && text == name) return candidate;
  }
  return std::nullopt;
}

class Init final : public Command {
 public:
  std::string_view name() const override { return "init"; }
  std::string_view summary() const override { return "Be PID 1 for one command (as tini)"; }

  void declare(CLI::App& app) override {
    app.add_option("--rewrite", rewrites_, "Forward signal FROM as TO; TO 0 drops it")
        ->type_name("FROM:TO")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_flag("-g,--group", options_.signal_group, "Signal the command's whole process group");
    app.add_option("--grace", grace_, "For what is left behind, from TERM to KILL")
        ->type_name("DURATION")
        ->capture_default_str();
    app.footer(
        "Usage: mcpctl init [OPTIONS] -- CMD [ARG...]\n"
        "Forwards signals, reaps zombies, leaves nothing behind, passes the exit status\n"
        "on (128+N for signal N, 127 not found, 126 not runnable).\n\n"
        "Example: mcpctl init --rewrite 15:2 -- python3 server.py");
  }

  bool take_command(std::vector<std::string> words) override {
    argv_ = std::move(words);
    return true;
  }

  int run() override {
    if (argv_.empty()) return complain("init: put the command behind --", exit_usage);
    const auto grace = config::parse_duration(grace_);
    if (!grace) return complain("--grace: " + grace.error().message, exit_usage);
    options_.grace = *grace;
    for (const std::string& rewrite : rewrites_) {
      const std::size_t colon = rewrite.find(':');
      const auto from = signal_number(std::string_view{rewrite}.substr(0, colon));
      const auto to = colon == std::string::npos
                          ? std::nullopt
                          : signal_number(std::string_view{rewrite}.substr(colon + 1));
      if (!from || *from == 0 || !to) {
        return complain("--rewrite " + rewrite + ": two signals, as 15:2 or TERM:INT", exit_usage);
      }
      options_.rewrite[static_cast<std::size_t>(*from)] = *to;
    }
    return signals::run_init(options_, argv_);
  }

 private:
  signals::InitOptions options_;
  std::vector<std::string> argv_;
  std::vector<std::string> rewrites_;
  std::string grace_{"5s"};
};

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<Init>(); }

}  // namespace mcpctl::cli
