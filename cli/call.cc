// mcpctl call: one call of one tool.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/offers.h"
#include "cli/tool_arguments.h"
#include "cli/tool_result.h"
#include "config/duration.h"
#include "mcp/raw.h"

namespace mcpctl::cli {
namespace {

class CallTool final : public Command {
 public:
  std::string_view name() const override { return "call"; }
  std::string_view summary() const override { return "Call a tool"; }

  void declare(CLI::App& app) override {
    app.add_option("tool", tool_, "What to call")->type_name("SERVER.TOOL")->required();
    app.add_option("arguments", words_, "Its arguments; - reads a JSON object from stdin")
        ->type_name("KEY=VALUE");
    app.add_option("--args", json_arguments_, "All arguments as one JSON object")
        ->type_name("JSON");
    app.add_flag("--json", json_, "The result as the server wrote it");
    app.add_option("--timeout", timeout_, "How long to wait for the result")
        ->type_name("DURATION")
        ->capture_default_str();
    add_fleet_options(app, choice_);
    app.footer(
        "A VALUE that is JSON (a number, true, an object) is sent as such, any other as\n"
        "a string.  Exit status 1 when the tool reports an error.\n\n"
        "Example: mcpctl call weather.forecast city=Berlin days=3");
  }

  int run() override {
    const std::size_t dot = tool_.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == tool_.size()) {
      return complain("call: name a tool as SERVER.TOOL", exit_usage);
    }
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto arguments = read_arguments();
    if (!arguments) return complain(arguments.error().message, exit_usage);
    const std::string server = tool_.substr(0, dot);
    const auto offerers = offerers_of(find_fleet(choice_), {server});
    if (!offerers) return offerers.error();

    const std::string tool = tool_.substr(dot + 1);
    const auto result =
        ask({.url = url_of(offerers->door, server),
             .method = "tools/call",
             .name = tool,
             .params = R"({"name":)" + json_string(tool) + R"(,"arguments":)" + *arguments + '}',
             .timeout = *timeout,
             .on_notification = show_progress});
    if (!result) return complain(tool_ + ": " + result.error().message, exit_failed);
    print(json_ ? *result + "\n" : render_tool_result(*result));
    return mcp::member(*result, "isError") == "true" ? exit_failed : exit_ok;
  }

 private:
  Result<std::string> read_arguments() const {
    if (words_ == std::vector<std::string>{"-"}) {
      return tool_arguments_from_json({std::istreambuf_iterator<char>{std::cin}, {}});
    }
    if (json_arguments_.empty()) return tool_arguments_from_words(words_);
    if (!words_.empty()) return failure("call: either KEY=VALUE or --args");
    return tool_arguments_from_json(json_arguments_);
  }

  static void show_progress(std::string_view notification) {
    const std::string line = render_progress(notification);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }

  std::string tool_;
  std::vector<std::string> words_;
  std::string json_arguments_;
  std::string timeout_{"5m"};
  bool json_{false};
  FleetChoice choice_;
};

}  // namespace

std::unique_ptr<Command> make_call() { return std::make_unique<CallTool>(); }

}  // namespace mcpctl::cli
