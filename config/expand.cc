#include "config/expand.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "config/secrets.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

constexpr std::size_t deepest_default = 8;
/// VS Code resolves these by asking its extensions, mcp-hub by running a command.
constexpr std::array<std::string_view, 4> host_prefixes{
    "command:", "config:", "cmd:", "extension:"};

bool is_identifier(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_alphanumeric(c) || c == '_';
  });
}

/// Where the '}' that closes the "${" at the front stands; npos without one.
std::size_t closing_brace(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class Expander {
 public:
  explicit Expander(const Scope& scope) : scope_(scope) {}

  std::string run(std::string_view text, std::size_t depth);
  Expansion result;

 private:
  std::string reference(std::string_view whole, std::size_t depth);
  std::string variable(std::string_view body, std::size_t depth);
  std::string input(std::string_view id);
  std::string leave(std::string_view form) {
    result.untouched.emplace_back(form);
    return std::string{form};
  }

  const Scope& scope_;
};

std::string Expander::run(std::string_view text, std::size_t depth) {
  std::string expanded;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      expanded += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const std::size_t end = closing_brace(text);
      if (end == std::string_view::npos) {
        expanded += leave(text);
        return expanded;
      }
      expanded += reference(text.substr(0, end + 1), depth);
      text.remove_prefix(end + 1);
    } else {
      expanded += text[0];
      text.remove_prefix(1);
    }
  }
  return expanded;
}

std::string Expander::reference(std::string_view whole, std::size_t depth) {
  const std::string_view body = whole.substr(2, whole.size() - 3);
  if (whole == port_variable) {
    result.uses_port = true;
    return std::string{port_variable};
  }
  if (body == "userHome") return scope_.world->home;
  if (body == "workspaceFolder") return scope_.workspace;
  if (body == "workspaceFolderBasename") {
    return scope_.workspace.substr(scope_.workspace.rfind('/') + 1);
  }
  if (body == "pathSeparator" || body == "/") return "/";
  if (body.starts_with("input:")) return input(body.substr(6));
  for (const std::string_view prefix : host_prefixes) {
    if (!body.starts_with(prefix)) continue;
    result.missing.push_back("${" + std::string{prefix} + "…} means something only in an editor");
    return {};
  }
  const std::string_view name = body.starts_with("env:") ? body.substr(4) : body;
  if (!is_identifier(name.substr(0, name.find(":-")))) return leave(whole);
  return variable(name, depth);
}

std::string Expander::variable(std::string_view body, std::size_t depth) {
  const std::size_t mark = body.find(":-");
  const std::string name{body.substr(0, mark)};
  const bool has_default = mark != std::string_view::npos;
  const std::optional<std::string> value = scope_.world->environment(name);
  if (value && !(value->empty() && has_default)) {
    if (is_secret_name(name)) result.secrets.push_back(*value);
    return *value;
  }
  if (!has_default) {
    result.missing.push_back("variable " + name + " is not set and has no default");
    return {};
  }
  if (depth >= deepest_default) return leave(body.substr(mark + 2));
  std::string text = run(body.substr(mark + 2), depth + 1);
  if (is_secret_name(name)) result.secrets.push_back(text);
  return text;
}

std::string Expander::input(std::string_view id) {
  std::string name = "MCPCTL_INPUT_" + std::string{id};
  std::optional<std::string> value = scope_.world->environment(name);
  if (!value) {  // most shells cannot set a name with a '-' in it
    std::replace_if(name.begin(), name.end(), [](char c) { return !is_alphanumeric(c); }, '_');
    value = scope_.world->environment(name);
  }
  if (value) {
    result.secrets.push_back(*value);
    return *value;
  }
  const std::string shown = in_quotes(name);
  result.missing.push_back("variable " + shown.substr(1, shown.size() - 2) +
                           " is not set (nobody is here to answer the prompt of ${input:…})");
  return {};
}

}  // namespace

Scope scope_of(const std::string& file, const World& world) {
  const auto parent = [](const std::string& path) -> std::string {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
  };
  const std::string folder = parent(file);
  return {&world, folder, folder.ends_with("/.vscode") ? parent(folder) : folder};
}

Expansion expand(std::string_view text, const Scope& scope) {
  Expander expander{scope};
  expander.result.text = expander.run(text, 0);
  return std::move(expander.result);
}

std::string escape_expansion(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const bool is_port = text.starts_with(port_variable);
    if (text.starts_with("${") && !is_port) escaped += '$';
    const std::size_t taken = is_port ? port_variable.size() : 1;
    escaped += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return escaped;
}

std::string resolve_path(std::string_view path, const std::string& folder,
                         const std::string& home) {
  if (path == "~") return home;
  if (path.starts_with("~/")) return home + std::string{path.substr(1)};
  if (path.starts_with('/')) return std::string{path};
  while (path.starts_with("./")) path.remove_prefix(2);
  if (path.empty() || path == ".") return folder;
  return (folder == "/" ? "" : folder) + "/" + std::string{path};
}

}  // namespace mcpctl::config
