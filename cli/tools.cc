// mcpctl tools, prompts and resources: what servers offer.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/door_client.h"
#include "cli/exit_code.h"
#include "cli/offers.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "config/duration.h"
#include "mcp/raw.h"
#include "mcp/version.h"

namespace mcpctl::cli {
namespace {

struct Kind {
  std::string_view command;
  std::string_view summary;
  std::string_view method;
  std::string_view key;    ///< of the result's array
  std::string_view label;  ///< what an element is called by
  std::string_view title;
  std::string_view example;
};

constexpr Kind kinds[] = {
    {"tools", "List the tools that servers offer", "tools/list", "tools", "name", "TOOL",
     "mcpctl tools weather"},
    {"prompts", "List the prompts that servers offer", "prompts/list", "prompts", "name", "PROMPT",
     "mcpctl prompts --json"},
    {"resources", "List the resources that servers offer", "resources/list", "resources", "uri",
     "RESOURCE", "mcpctl resources docs"},
};

const Kind& kind_named(std::string_view command) {
  for (const Kind& kind : kinds) {
    if (kind.command == command) return kind;
  }
  std::abort();
}

std::string text_of(std::string_view object, std::string_view key) {
  return safe_line(mcp::string_value(mcp::member(object, key)).value_or(""));
}

class Offers final : public Command {
 public:
  explicit Offers(std::string_view command) : kind_(kind_named(command)) {}
  std::string_view name() const override { return kind_.command; }
  std::string_view summary() const override { return kind_.summary; }

  void declare(CLI::App& app) override {
    app.add_option("servers", servers_, "Servers; none: all")->type_name("NAME");
    app.add_flag("--json", json_, "An object per line, as the server wrote it");
    app.add_option("--timeout", timeout_, "How long to wait for each server")
        ->type_name("DURATION")
        ->capture_default_str();
    add_fleet_options(app, choice_);
    app.footer("Example: " + std::string{kind_.example});
  }

  int run() override {
    const auto timeout = config::parse_duration(timeout_);
    if (!timeout) return complain("--timeout: " + timeout.error().message, exit_usage);
    const auto offerers = offerers_of(find_fleet(choice_), servers_);
    if (!offerers) return offerers.error();
    Table table{{{"SERVER"}, {std::string{kind_.title}}, {"DESCRIPTION", false, 1}}};
    int outcome = exit_ok;
    for (const std::string& server : offerers->servers) {
      const auto elements =
          list_all(offerers->door, server, std::string{kind_.method}, kind_.key, *timeout);
      // One that offers nothing of the kind says that it does not know the method.
      const bool is_unknown =
          !elements && elements.error().code == mcp::error_code::method_not_found;
      if (is_unknown && servers_.empty()) continue;
      if (!elements) {
        outcome = complain(server + ": " + elements.error().message, exit_failed);
        continue;
      }
      for (const std::string& element : *elements) show(server, element, table);
    }
    if (!json_) print(table.render(Terminal::of(STDOUT_FILENO)));
    return outcome;
  }

 private:
  void show(const std::string& server, const std::string& element, Table& table) const {
    if (json_) {
      const std::string rest = element.size() > 2 ? "," + element.substr(1) : "}";
      return print("{\"server\":" + json_string(server) + rest + "\n");
    }
    std::string description = text_of(element, "description");
    if (description.empty()) description = text_of(element, "title");
    if (description.empty() && kind_.label == "uri") description = text_of(element, "name");
    table.add({{server}, {text_of(element, kind_.label)}, {std::move(description)}});
  }

  const Kind& kind_;
  std::vector<std::string> servers_;
  FleetChoice choice_;
  std::string timeout_{"30s"};
  bool json_{false};
};

}  // namespace

std::unique_ptr<Command> make_offers(std::string_view command) {
  return std::make_unique<Offers>(command);
}

}  // namespace mcpctl::cli
