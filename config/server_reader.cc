#include "config/server_reader.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/ascii.h"
#include "config/dotenv.h"
#include "config/names.h"
#include "config/suggest.h"
#include "config/url.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

/// What the hosts read and we need not: known, so no warning.
constexpr std::array<std::string_view, 40> foreign_keys{
    "alwaysAllow", "autoApprove",    "auth",          "authorization",
    "bearerToken", "color",          "comment",       "description",
    "dev",         "disabledTools",  "enabledTools",  "excludeTools",
    "gallery",     "headersHelper",  "icon",          "icons",
    "id",          "includeTools",   "initTimeout",   "iconUrl",
    "metadata",    "modernLogLevel", "name",          "note",
    "oauth",       "presets",        "protocolEra",   "provider",
    "requestInit", "roots",          "sandbox",       "sandboxEnabled",
    "scope",       "startupTimeout", "timeout",       "title",
    "tools",       "transport",      "transportType", "trust"};

enum class Type { unsaid, stdio, http };
constexpr Names<Type, 5> type_names{{{"stdio", Type::stdio},
                                     {"http", Type::http},
                                     {"streamable-http", Type::http},
                                     {"streamableHttp", Type::http},
                                     {"sse", Type::http}}};

/// RFC 9110 §5.6.2: token.
bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

class ServerReader {
 public:
  ServerReader(const Entry& entry, const Draft& defaults, Report& report, SecretStore& secrets)
      : entry_(entry),
        node_(entry.member->value),
        report_(report),
        values_(*entry.source, *entry.scope, report, secrets) {
    reading_.draft = defaults;
    draft().name = entry.member->key;
    draft().where = entry.source->locate(entry.member->key_span.begin);
  }

  ServerReading run();

  using Read = void (ServerReader::*)(const Node&);
  struct HostKey {
    std::string_view name;
    Read read;
  };
  static const std::array<HostKey, 11> table;

 private:
  Draft& draft() { return reading_.draft; }
  Place name_place() const { return {entry_.source, entry_.member->key_span}; }
  const std::string& home() const { return entry_.scope->world->home; }

  void check_name();
  void read_disabled();
  void warn_unknown();
  void command(const Node& node);
  void args(const Node& node);
  void env(const Node& node);
  void cwd(const Node& node) { values_.text(node, draft().cwd); }
  void env_file(const Node& node) { values_.text(node, env_file_); }
  void url(const Node& node);
  void headers(const Node& node);
  void type(const Node& node);
  void ignore(const Node&) {}
  void settings(const Node& node) { settings_ = &node; }

  void settle_transport();
  void settle_paths();
  void settle_env();
  void settle_port();
  void settle_user();
  void check_sharing();

  const Entry& entry_;
  const Node& node_;
  Report& report_;
  Values values_;
  ServerReading reading_;
  Type type_{Type::unsaid};
  std::string env_file_;
  Variables env_;  ///< without the envFile
  const Node* settings_{nullptr};
};

const std::array<ServerReader::HostKey, 11> ServerReader::table{{
    {"type", &ServerReader::type},
    {"command", &ServerReader::command},
    {"args", &ServerReader::args},
    {"env", &ServerReader::env},
    {"cwd", &ServerReader::cwd},
    {"envFile", &ServerReader::env_file},
    {"url", &ServerReader::url},
    {"headers", &ServerReader::headers},
    {"disabled", &ServerReader::ignore},
    {"enabled", &ServerReader::ignore},
    {"x-mcpctl", &ServerReader::settings},
}};

void ServerReader::check_name() {
  const std::string& name = entry_.member->key;
  const auto complain = [&](const char* why) {
    report_.error(name_place(), std::string{"the name of a server "} + why);
  };
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty()) return complain("is empty");
  if (name == "." || name == "..") return complain("is \".\" or \"..\", which names a folder");
  if (name.size() > 128) return complain("is longer than 128 bytes");
  if (name.find('/') != std::string::npos) return complain("holds a \"/\"");
  if (std::any_of(name.begin(), name.end(), is_control))
    return complain("holds a control character");
  const std::size_t tilde = name.find_last_not_of("0123456789");
  if (tilde != std::string::npos && name[tilde] == '~' && tilde + 1 < name.size()) {
    return complain("ends in \"~\" and a number, as the names of clients' own processes do");
  }
  if (name.find("__") != std::string::npos) {
    report_.warning(name_place(),
                    "the name of a server holds \"__\", which separates server and "
                    "tool in the names of a gateway's tools");
  }
}

void ServerReader::read_disabled() {
  bool flag = false;
  if (const Node* disabled = node_.find("disabled"); disabled != nullptr) {
    const Values::Within within{values_, "disabled", *disabled};
    if (values_.boolean(*disabled, flag)) reading_.disabled = flag;
  }
  if (const Node* enabled = node_.find("enabled"); enabled != nullptr) {
    const Values::Within within{values_, "enabled", *enabled};
    if (values_.boolean(*enabled, flag)) reading_.disabled = reading_.disabled || !flag;
  }
}

void ServerReader::warn_unknown() {
  const auto& known = host_keys();
  for (const Member& member : node_.members) {
    const std::string_view key = member.key;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (std::find(foreign_keys.begin(), foreign_keys.end(), key) != foreign_keys.end()) continue;
    if (key.starts_with('_') || key.starts_with('$') || key.starts_with("//") ||
        (key.starts_with("x-") && !closest(key, std::array<std::string_view, 1>{"x-mcpctl"}))) {
      continue;
    }
    std::string suggestion = did_you_mean(key, known);
    for (const Key<Draft>& ours : server_keys()) {
      if (ours.name == key) suggestion = in_quotes(key) + " belongs in \"x-mcpctl\"";
    }
    report_.warning(values_.place(member.key_span), "unknown key " + in_quotes(key) + " is ignored",
                    suggestion);
  }
}

void ServerReader::command(const Node& node) {
  if (!values_.resolved(node, draft().command) || !draft().command.empty()) return;
  if (node.text.empty()) {
    values_.error(node, "the command is empty");
  } else {
    values_.miss("the command is empty once its variables are expanded");
  }
}

void ServerReader::args(const Node& node) {
  if (values_.texts(node, draft().args)) values_.secrets().add_from_args(draft().args);
}

void ServerReader::env(const Node& node) {
  if (!values_.object(node)) return;
  for (const Member& member : node.members) {
    const Values::Within within{values_, member.key, member.value};
    if (!is_variable_name(member.key)) {
      report_.error(values_.place(member.key_span),
                    "a variable's name is neither empty nor holds \"=\" or NUL");
      continue;
    }
    // VS Code's own schema allows numbers and null here.
    std::string value;
    if (member.value.type == Node::Type::null) continue;
    if (member.value.type == Node::Type::number) {
      value = member.value.text;
    } else if (!values_.text(member.value, value)) {
      continue;
    }
    if (is_secret_name(member.key)) values_.secrets().add(value);
    values_.secrets().add_from_url(value);
    env_.emplace_back(member.key, std::move(value));
  }
}

void ServerReader::url(const Node& node) {
  const bool resolved = values_.resolved(node, draft().url);
  values_.secrets().add_from_url(draft().url);
  if (!resolved) return;
  if (const Result<UrlParts> parts = split_url(draft().url); !parts) {
    values_.error(node, parts.error().message);
  }
}

void ServerReader::headers(const Node& node) {
  if (!values_.object(node)) return;
  for (const Member& member : node.members) {
    const Values::Within within{values_, member.key, member.value};
    if (!is_header_name(member.key)) {
      report_.error(values_.place(member.key_span), "not a name of an HTTP header");
      continue;
    }
    std::string value;
    if (!values_.text(member.value, value)) continue;
    if (!is_public_header(member.key)) values_.secrets().add(value);
    if (breaks_line(member.value.text)) {
      values_.error(member.value, "a header's value holds no line break");
    } else if (breaks_line(value)) {
      values_.miss("the value of " + values_.path() + " holds a line break");
    }
    draft().headers.emplace_back(member.key, std::move(value));
  }
}

void ServerReader::type(const Node& node) {
  const auto words = spellings(type_names);
  if (node.type != Node::Type::string) {
    values_.expected(node, listed(words));
  } else if (const auto found = find_name(type_names, node.text)) {
    type_ = *found;
  } else {
    values_.error(node, "expected " + listed(words) + ", found " + in_quotes(node.text),
                  did_you_mean(node.text, words));
  }
}

void ServerReader::settle_transport() {
  const bool has_command = node_.find("command") != nullptr;
  const bool has_url = node_.find("url") != nullptr;
  const bool speaks = draft().kind == Kind::mcp;
  if (!has_command && !has_url) {
    return report_.error(name_place(), "this server has neither a \"command\" nor a \"url\"",
                         "name the program to run, or the address to reach");
  }
  if (type_ == Type::stdio && !has_command) {
    return report_.error(name_place(), "\"type\": \"stdio\" needs a \"command\"");
  }
  if (type_ == Type::http && !has_url) {
    return report_.error(name_place(), "a \"type\" of HTTP needs a \"url\"");
  }
  if (!speaks && !has_command) {
    return report_.error(name_place(), "\"kind\": \"process\" needs a \"command\"");
  }
  if (!has_command) {
    draft().transport = Transport::remote;
  } else if (has_url && type_ == Type::stdio) {
    report_.warning(values_.place(*node_.find("url")), "\"url\" is ignored: the type is \"stdio\"");
    draft().url.clear();
  } else if (has_url) {
    draft().transport = Transport::http;
  }
  if (draft().transport == Transport::remote && values_.uses_port()) {
    report_.error(name_place(),
                  "${PORT} is the port of a process, and this server has no \"command\"",
                  "write the port, or ${env:PORT} for a variable of the environment");
  }
}

void ServerReader::settle_paths() {
  const std::string& folder = entry_.scope->folder;
  draft().cwd = resolve_path(draft().cwd, folder, home());
  std::string& command = draft().command;
  if (command.find('/') != std::string::npos) command = resolve_path(command, draft().cwd, home());
}

void ServerReader::settle_env() {
  if (!env_file_.empty() && values_.missing().empty()) {
    const std::string path = resolve_path(env_file_, entry_.scope->folder, home());
    const Result<std::string> text = entry_.scope->world->read_file(path);
    const Result<Variables> variables =
        text ? parse_dotenv(*text) : Result<Variables>{std::unexpected{text.error()}};
    if (variables) {
      draft().env = *variables;
      for (const auto& [name, value] : *variables) values_.secrets().add(value);
    } else {
      values_.miss("cannot read envFile " + path + ": " + variables.error().message);
    }
  }
  std::map<std::string, std::string> merged(draft().env.begin(), draft().env.end());
  for (auto& [name, value] : env_) merged.insert_or_assign(name, std::move(value));
  draft().env.assign(merged.begin(), merged.end());
}

/// A server that uses ${PORT} wants a free one; a literal port in the URL of a
/// process of ours is its port.
void ServerReader::settle_port() {
  if (draft().transport == Transport::remote) {
    if (draft().port && !draft().places.contains("port")) draft().port.reset();
    return;
  }
  std::optional<std::uint16_t> named;
  if (draft().transport == Transport::http) {
    if (const Result<UrlParts> parts = split_url(draft().url)) named = parts->port;
  }
  if (!draft().port) {
    draft().port = named;
    if (!named && values_.uses_port()) draft().port = 0;
  } else if (named && *named != *draft().port) {
    const auto at = draft().places.find("port");
    report_.error(at == draft().places.end() ? name_place() : at->second,
                  "port: the \"url\" names port " + std::to_string(*named) + " instead",
                  "write ${PORT} in the url");
  }
}

void ServerReader::settle_user() {
  if (draft().user_name.empty() && draft().group_name.empty()) return;
  if (draft().transport == Transport::remote || !values_.missing().empty()) return;
  const auto place_of = [&](std::string_view key) {
    const auto at = draft().places.find(key);
    return at == draft().places.end() ? name_place() : at->second;
  };
  if (draft().user_name.empty()) {
    return report_.error(place_of("group"), "group: needs a \"user\" beside it");
  }
  Result<Identity> identity = entry_.scope->world->find_user(draft().user_name, draft().group_name);
  if (identity) {
    draft().user = std::move(*identity);
  } else {
    report_.error(place_of("user"), "cannot find user " + in_quotes(draft().user_name) + ": " +
                                        identity.error().message);
  }
}

/// Several processes cannot listen on one port.
void ServerReader::check_sharing() {
  const bool is_ours = draft().kind == Kind::mcp && draft().transport != Transport::remote;
  if (draft().sharing != Sharing::session || !is_ours || draft().port.value_or(0) == 0) return;
  const auto at = draft().places.find("share");
  report_.error(at == draft().places.end() ? name_place() : at->second,
                "share: a process for each client session needs a port of its own, not " +
                    std::to_string(*draft().port),
                "set \"port\": 0, and write ${PORT} where the server is told");
}

ServerReading ServerReader::run() {
  check_name();
  if (node_.type != Node::Type::object) {
    values_.expected(node_, "an object such as {\"command\": \"…\"}");
    return std::move(reading_);
  }
  read_disabled();
  if (reading_.disabled) return std::move(reading_);
  warn_unknown();
  for (const HostKey& key : table) {
    const Node* value = node_.find(key.name);
    if (value == nullptr || value->type == Node::Type::invalid) continue;
    const Values::Within within{values_, key.name, *value};
    (this->*key.read)(*value);
  }
  if (settings_ != nullptr) read_server_settings(values_, *settings_, draft());
  for (auto& [path, place] : values_.places()) draft().places.insert_or_assign(path, place);
  draft().places.insert_or_assign("name", name_place());

  settle_transport();
  settle_paths();
  settle_env();
  settle_port();
  settle_user();
  check_sharing();
  reading_.missing = values_.missing();
  return std::move(reading_);
}

}  // namespace

const std::vector<std::string_view>& host_keys() {
  static const std::vector<std::string_view> keys = [] {
    std::vector<std::string_view> names;
    for (const ServerReader::HostKey& key : ServerReader::table) names.push_back(key.name);
    return names;
  }();
  return keys;
}

ServerReading read_server(const Entry& entry, const Draft& defaults, Report& report,
                          SecretStore& secrets) {
  return ServerReader{entry, defaults, report, secrets}.run();
}

}  // namespace mcpctl::config
