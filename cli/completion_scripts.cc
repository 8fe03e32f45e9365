#include "cli/completion_scripts.h"

namespace mcpctl::cli {
namespace {

/// Prints the servers of the fleet, one per line; quiet when none is running.
constexpr const char* list_servers =
    "mcpctl ps --json 2>/dev/null | tr '{' '\\n' | sed -n "
    "'s/^\"name\":\"\\([^\"]*\\)\",\"state\".*/\\1/p'";

/// `text` between single quotes, for any of the three shells.
std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

/// zsh's _arguments gives brackets and colons a meaning.
std::string without_brackets(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '[' || c == ']' || c == ':' ? ' ' : c;
  return result;
}

std::string option_words(const CommandWords& command) {
  std::string words;
  for (const OptionWords& option : command.options) {
    if (!option.long_name.empty()) words += (words.empty() ? "" : " ") + option.long_name;
  }
  return words;
}

}  // namespace

std::string bash_completion(std::span<const CommandWords> commands) {
  std::string names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    cases += "    " + command.name + ") words=" + shell_quoted(option_words(command)) + ";";
    if (command.takes_servers) cases += " servers=1;";
    cases += " ;;\n";
  }
  return "# bash completion for mcpctl; source it, or put it in bash-completion's folder\n"
         "_mcpctl() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local words= servers=\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W " +
         shell_quoted(names) +
         " -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case $before in\n"
         "    -c|--config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
         "  esac\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  if [ \"${word#-}\" != \"$word\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  elif [ -n \"$servers\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$(" +
         list_servers +
         ")\" -- \"$word\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _mcpctl mcpctl\n";
}

std::string zsh_completion(std::span<const CommandWords> commands) {
  std::string names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names += "    " + shell_quoted(command.name + ":" + without_brackets(command.summary)) + "\n";
    cases += "    " + command.name + ") _arguments";
    for (const OptionWords& option : command.options) {
      if (option.long_name.empty()) continue;
      std::string spec = option.long_name + "[" + without_brackets(option.help) + "]";
      if (option.takes_value) spec += option.takes_file ? ":file:_files" : ":value:";
      cases += " " + shell_quoted(spec);
    }
    cases += command.takes_servers ? " '*:server:_mcpctl_servers'" : " '*:file:_files'";
    cases += " ;;\n";
  }
  return "#compdef mcpctl\n"
         "_mcpctl_servers() {\n"
         "  local -a servers\n"
         "  servers=(${(f)\"$(" +
         std::string{list_servers} +
         ")\"})\n"
         "  compadd -a servers\n"
         "}\n"
         "_mcpctl() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  shift words; (( CURRENT-- ))\n"
         "  case $words[1] in\n" +
         cases +
         "  esac\n"
         "}\n"
         "# In a folder of $fpath this file is the function; sourced, it only defines it.\n"
         "if [[ $funcstack[1] == _mcpctl ]]; then _mcpctl \"$@\"; else compdef _mcpctl mcpctl; "
         "fi\n";
}

std::string fish_completion(std::span<const CommandWords> commands) {
  std::string text =
      "# fish completion for mcpctl\n"
      "function __mcpctl_servers\n  " +
      std::string{list_servers} + "\nend\n";
  for (const CommandWords& command : commands) {
    text += "complete -c mcpctl -n __fish_use_subcommand -f -a " + command.name + " -d " +
            shell_quoted(command.summary) + "\n";
    const std::string here =
        "complete -c mcpctl -n " + shell_quoted("__fish_seen_subcommand_from " + command.name);
    for (const OptionWords& option : command.options) {
      if (option.long_name.empty()) continue;
      text += here + " -l " + option.long_name.substr(2);
      if (option.short_name.size() == 2) text += " -s " + option.short_name.substr(1);
      if (option.takes_value) text += option.takes_file ? " -r -F" : " -x";
      text += " -d " + shell_quoted(option.help) + "\n";
    }
    if (command.takes_servers) text += here + " -f -a '(__mcpctl_servers)'\n";
  }
  return text;
}

}  // namespace mcpctl::cli
