#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>

#include "cli/exit_code.h"
#include "config/suggest.h"
#include "control/version.h"

namespace mcpctl::cli {
namespace {

constexpr std::string_view introduction =
    "mcpctl keeps fleets of MCP servers running, from the mcp.json that you have.";

constexpr std::string_view footer =
    "Exit status: 0 ok, 1 failed, 2 usage, 3 configuration, 4 not running.\n"
    "mcpctl COMMAND --help shows a command's options and an example.";

struct Alias {
  std::string_view alias;
  std::string_view command;
};
constexpr std::array aliases{Alias{"status", "ps"}, Alias{"validate", "check"}};

void set_up(CLI::App& root) {
  root.name("mcpctl");
  root.require_subcommand(1);
  root.set_version_flag("--version", "mcpctl " + std::string{control::version()});
  root.footer(std::string{footer});
}

CLI::App* declare(CLI::App& root, Command& command) {
  CLI::App* app = root.add_subcommand(std::string{command.name()}, std::string{command.summary()});
  for (const Alias& alias : aliases) {
    if (alias.command == command.name()) app->alias(std::string{alias.alias});
  }
  app->group("Commands");
  command.declare(*app);
  return app;
}

/// How each command is made, in the order of the help.
struct Maker {
  std::string_view name;
  std::unique_ptr<Command> (*make)();
  bool has_warden{false};
};
constexpr Maker makers[]{
    {"run", make_run, true},
    {"up", make_up},
    {"down", make_down},
    {"check", make_check},
    {"doctor", make_doctor},
    {"ps", make_ps},
    {"top", make_top},
    {"logs", make_logs},
    {"events", make_events},
    {"sessions", make_sessions},
    {"wait", make_wait},
    {"start", [] { return make_control("start"); }},
    {"stop", [] { return make_control("stop"); }},
    {"restart", [] { return make_control("restart"); }},
    {"reset", [] { return make_control("reset"); }},
    {"kill", [] { return make_control("kill"); }},
    {"reload", make_reload},
    {"config", make_config},
    {"init", make_init},
    {"ping", make_ping},
    {"tools", [] { return make_offers("tools"); }},
    {"prompts", [] { return make_offers("prompts"); }},
    {"resources", [] { return make_offers("resources"); }},
    {"call", make_call},
    {"read", make_read},
    {"connect", make_connect},
    {"client-config", make_client_config},
    {"completion", make_completion},
    {"version", make_version},
};

/// Of the command that the first word names; nullptr: it names none.
const Maker* named_maker(int argc, const char* const* argv) {
  std::string_view word = argc < 2 ? "" : argv[1];
  const auto* const alias = std::ranges::find(aliases, word, &Alias::alias);
  if (alias != aliases.end()) word = alias->command;
  const auto* const maker = std::ranges::find(makers, word, &Maker::name);
  return maker == std::end(makers) ? nullptr : maker;
}

/// All commands, or only the one that is named: to declare the options of all takes longer
/// than most of what a command does.
std::vector<std::unique_ptr<Command>> commands_for(const Maker* named) {
  if (named == nullptr) return all_commands();
  std::vector<std::unique_ptr<Command>> one;
  one.push_back(named->make());
  return one;
}

/// The nearest of `words` as a clause, or nothing.
std::string meant(std::string_view word, const std::vector<std::string>& words) {
  const std::vector<std::string_view> views{words.begin(), words.end()};
  return config::did_you_mean_clause(word, views);
}

/// The complaint introduction a first word that is no command; empty if it is one.
std::string unknown_command(const CLI::App& root, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  const std::string_view word = argv[1];
  std::vector<std::string> names;
  for (const CLI::App* app : root.get_subcommands([](const CLI::App*) { return true; })) {
    if (app->check_name(std::string{word})) return "";
    names.push_back(app->get_name());
  }
  return "no command \"" + std::string{word} + "\"" + meant(word, names);
}

/// CLI11's message in one line, with a suggestion for a mistyped option.
std::string explained(const CLI::ParseError& error, const CLI::App* command) {
  std::string text = error.what();
  std::ranges::replace(text, '\n', ' ');
  if (command == nullptr) return text;
  std::vector<std::string> names;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const std::string& extra : command->remaining()) {
    if (!extra.starts_with("--")) return "unexpected argument \"" + extra + "\"";
    const std::string word = extra.substr(0, extra.find('='));
    return "no option " + word + meant(word, names);
  }
  return text;
}

CLI::App* parsed_command(const CLI::App& root) {
  const auto parsed = root.get_subcommands();
  return parsed.empty() ? nullptr : parsed.front();
}

}  // namespace

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  for (const Maker& maker : makers) commands.push_back(maker.make());
  return commands;
}

bool has_warden(int argc, const char* const* argv) {
  const Maker* const named = named_maker(argc, argv);
  return named != nullptr && named->has_warden;
}

int run_command_line(int argc, const char* const* argv) {
  CLI::App root{std::string{introduction}};
  set_up(root);
  const auto commands = commands_for(named_maker(argc, argv));
  for (const auto& command : commands) declare(root, *command);

  if (argc == 1) {
    print(root.help());
    return exit_usage;
  }
  if (const std::string wrong = unknown_command(root, argc, argv); !wrong.empty()) {
    return complain(wrong + " (mcpctl --help lists the commands)", exit_usage);
  }
  const char* const* const end = argv + argc;
  const char* const* const dashes =
      std::find_if(argv, end, [](std::string_view word) { return word == "--"; });
  const std::vector<std::string> behind{dashes == end ? end : dashes + 1, end};
  try {
    root.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* asked = parsed_command(root);
    print(asked != nullptr ? asked->help("mcpctl") : root.help());
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    print(std::string{version.what()} + "\n");
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    const CLI::App* command = parsed_command(root);
    const std::string where = command != nullptr ? command->get_name() + ": " : "";
    const std::string hint = command != nullptr ? command->get_name() + " --help" : "--help";
    return complain(where + explained(error, command) + " (see mcpctl " + hint + ")", exit_usage);
  }
  const CLI::App* chosen = parsed_command(root);
  for (const auto& command : commands) {
    if (chosen == nullptr || command->name() != chosen->get_name()) continue;
    if (!command->take_command(behind)) {
      return complain(chosen->get_name() + ": nothing may stand behind --", exit_usage);
    }
    return command->run();
  }
  return exit_usage;
}

std::vector<CommandWords> command_words() {
  CLI::App root;
  set_up(root);
  std::vector<CommandWords> words;
  for (const auto& command : all_commands()) {
    const CLI::App* app = declare(root, *command);
    CommandWords entry{app->get_name(), app->get_description(), false, false, {}};
    for (const CLI::Option* option : app->get_options()) {
      const bool takes_value = option->get_items_expected_max() > 0;
      if (option->get_positional()) {
        entry.takes_servers = entry.takes_servers || option->get_type_name() == "NAME";
        entry.takes_files = entry.takes_files || option->get_type_name() == "FILE";
        continue;
      }
      OptionWords each;
      if (!option->get_lnames().empty()) each.long_name = "--" + option->get_lnames().front();
      if (!option->get_snames().empty()) each.short_name = "-" + option->get_snames().front();
      each.help = option->get_description();
      each.takes_value = takes_value;
      each.takes_file = option->get_type_name() == "FILE";
      entry.options.push_back(std::move(each));
    }
    words.push_back(std::move(entry));
  }
  return words;
}

}  // namespace mcpctl::cli
