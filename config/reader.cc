#include "config/reader.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>

#include "base/ascii.h"
#include "base/hex.h"
#include "config/checks.h"
#include "config/server_reader.h"
#include "config/suggest.h"
#include "config/utf8.h"

namespace mcpctl::config {
namespace {

constexpr std::array<std::string_view, 3> top_keys{"mcpServers", "servers", "x-mcpctl"};

struct File {
  SourceText source;
  Document document;
  Scope scope;
};

/// Each reason once, in order.
std::string one_line(std::vector<std::string> reasons) {
  std::string line;
  std::set<std::string> told;
  for (std::string& reason : reasons) {
    if (told.insert(reason).second) line += (line.empty() ? "" : "; ") + reason;
  }
  return line;
}

class Reader {
 public:
  explicit Reader(const World& world) : world_(world) {}

  Reading run(std::span<const Source> sources);

 private:
  void parse(const Source& source);
  void read_top(const File& file);
  void warn_unknown(const File& file);
  void list_servers(const File& file);
  void read_servers();
  void drop_dependents();
  Reading finish();

  const World& world_;
  Report report_;
  SecretStore secrets_;
  std::deque<File> files_;  ///< stable addresses: places and entries point into them
  Fleet fleet_;
  std::vector<Entry> entries_;
  std::map<std::string_view, std::size_t> entry_of_;
  bool has_servers_{false};
  std::vector<Draft> drafts_;
  std::map<std::string, std::string> unusable_;  ///< server -> why
};

void Reader::parse(const Source& source) {
  File& file = files_.emplace_back(File{SourceText{source.path, source.text},
                                        parse_jsonc(source.text), scope_of(source.path, world_)});
  fleet_.config.files.push_back(source.path);
  file.source.cover(secret_spans(source.text, file.document.root), file.document.read_to);
  for (const Fault& fault : file.document.faults) {
    report_.error({&file.source, fault.at}, fault.message, fault.suggestion);
  }
}

void Reader::read_top(const File& file) {
  const Node& root = file.document.root;
  Values values{file.source, file.scope, report_, secrets_};
  if (root.type != Node::Type::object) {
    has_servers_ = true;  // one complaint is enough
    values.expected(root, "an object such as {\"mcpServers\": {}}");
    return;
  }
  warn_unknown(file);
  const Node* settings = root.find("x-mcpctl");
  if (settings == nullptr || settings->type == Node::Type::invalid) return;
  read_fleet_settings(values, *settings, fleet_);
  // What stands in "defaults" is meant as if it stood in each server.
  constexpr std::string_view prefix = "defaults.";
  for (const auto& [path, place] : values.places()) {
    const bool is_default = path.starts_with(prefix);
    if (!is_default && path != "logs" && !path.starts_with("logs.")) continue;
    fleet_.defaults.places.insert_or_assign(is_default ? path.substr(prefix.size()) : path, place);
  }
  for (const std::string& why : values.missing()) {
    report_.error(values.place(*settings), "x-mcpctl: " + why);
  }
}

/// Hosts keep much else at the top of their files, so only what looks like a slip
/// of ours is worth a word.
void Reader::warn_unknown(const File& file) {
  for (const Member& member : file.document.root.members) {
    if (std::find(top_keys.begin(), top_keys.end(), member.key) != top_keys.end()) continue;
    const auto meant = closest(member.key, top_keys);
    if (!meant) continue;
    report_.warning({&file.source, member.key_span},
                    "unknown key " + in_quotes(member.key) + " is ignored",
                    "did you mean " + in_quotes(*meant) + "?");
  }
}

void Reader::list_servers(const File& file) {
  for (const std::string_view key : {top_keys[0], top_keys[1]}) {
    const Node* servers = file.document.root.find(key);
    if (servers == nullptr) continue;
    has_servers_ = true;
    if (servers->type != Node::Type::object) {
      Values values{file.source, file.scope, report_, secrets_};
      const Values::Within within{values, key, *servers};
      values.expected(*servers, "an object of servers");
      continue;
    }
    for (const Member& member : servers->members) {
      const Entry entry{&member, &file.source, &file.scope};
      const auto [known, is_new] = entry_of_.emplace(member.key, entries_.size());
      if (is_new) {
        entries_.push_back(entry);
        continue;
      }
      Entry& earlier = entries_[known->second];
      const bool same_list = earlier.source == &file.source &&
                             earlier.member >= servers->members.data() &&
                             earlier.member < servers->members.data() + servers->members.size();
      if (earlier.source == &file.source && !same_list) {
        const std::size_t line = file.source.locate(earlier.member->key_span.begin).line;
        report_.error({&file.source, member.key_span},
                      "server " + in_quotes(member.key) +
                          " stands in \"mcpServers\" already, in line " + std::to_string(line));
      }
      earlier = entry;
    }
  }
}

void Reader::read_servers() {
  std::set<std::string> disabled;
  for (const Entry& entry : entries_) {
    ServerReading reading = read_server(entry, fleet_.defaults, report_, secrets_);
    if (reading.disabled) {
      fleet_.config.disabled.push_back(reading.draft.name);
      disabled.insert(reading.draft.name);
      continue;
    }
    if (entry.member->value.type != Node::Type::object) continue;
    check_server(reading.draft, fleet_.defaults, report_);
    if (!reading.missing.empty()) {
      unusable_.emplace(reading.draft.name, one_line(std::move(reading.missing)));
    }
    drafts_.push_back(std::move(reading.draft));
  }
  check_fleet(drafts_, disabled, fleet_.config.gateway.listen, report_);
}

/// What depends on an unusable server would wait for ever: it is unusable too.
void Reader::drop_dependents() {
  std::multimap<std::string_view, std::string_view> dependents;
  for (const Draft& draft : drafts_) {
    for (const Dependency& each : draft.depends_on) dependents.emplace(each.server, draft.name);
  }
  std::deque<std::string> lost;
  for (const auto& [name, why] : unusable_) lost.push_back(name);
  while (!lost.empty()) {
    const std::string name = std::move(lost.front());
    lost.pop_front();
    const auto [from, to] = dependents.equal_range(name);
    for (auto each = from; each != to; ++each) {
      const bool is_new =
          unusable_.emplace(each->second, "depends on " + in_quotes(name) + ", which is unusable")
              .second;
      if (is_new) lost.emplace_back(each->second);
    }
  }
}

Reading Reader::finish() {
  Reading reading;
  Config& config = fleet_.config;
  for (Draft& draft : drafts_) {
    if (const auto why = unusable_.find(draft.name); why != unusable_.end()) {
      config.unusable.push_back({draft.name, why->second, draft.where});
    } else {
      config.servers.push_back(std::move(static_cast<Server&>(draft)));
    }
  }
  if (config.name.empty() && !config.files.empty()) {
    config.name = derived_name(config.files.front(), world_);
  }
  config.secrets = secrets_.take();
  reading.problems = report_.take(config.files);
  // Names of users and files may come from variables.
  for (Problem& problem : reading.problems) {
    problem.message = redact(problem.message, config.secrets);
    problem.suggestion = redact(problem.suggestion, config.secrets);
  }
  for (Unusable& each : config.unusable) each.why = redact(each.why, config.secrets);
  reading.config = std::move(config);
  return reading;
}

Reading Reader::run(std::span<const Source> sources) {
  for (const Source& source : sources) parse(source);
  // Half a file would bring complaints about what its other half says.
  const auto is_complete = [](const File& file) { return file.document.complete; };
  if (!std::all_of(files_.begin(), files_.end(), is_complete)) return finish();
  for (const File& file : files_) read_top(file);
  for (const File& file : files_) list_servers(file);
  if (!has_servers_ && !files_.empty()) {
    const Node& root = files_.front().document.root;
    report_.error({&files_.front().source, {root.span.begin, root.span.begin + 1}},
                  "no \"mcpServers\" (or \"servers\") stands here",
                  "put the servers into \"mcpServers\": {…}");
  }
  read_servers();
  drop_dependents();
  return finish();
}

/// FNV-1a, folded to 24 bits: a name, not a proof.
std::string short_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  hash = (hash ^ (hash >> 24) ^ (hash >> 48)) & 0xffffff;
  std::string digits;
  for (unsigned shift = 24; shift > 0; shift -= 4) {
    digits += hex_digits[(hash >> (shift - 4)) & 0xf];
  }
  return digits;
}

}  // namespace

bool Reading::has_errors() const {
  return std::any_of(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.severity == Problem::Severity::error;
  });
}

Reading read(std::span<const Source> sources, const World& world) {
  return Reader{world}.run(sources);
}

std::string derived_name(const std::string& path, const World& world) {
  const auto parent = [](std::string_view of) { return of.substr(0, of.rfind('/')); };
  const auto last = [](std::string_view of) { return of.substr(of.rfind('/') + 1); };
  std::string_view folder = parent(path);
  const std::string config_home =
      world.environment("XDG_CONFIG_HOME").value_or(world.home + "/.config");
  std::string_view base = last(folder);
  if (folder == config_home + "/mcpctl") {
    base = "user";
  } else if (base.starts_with('.')) {  // .vscode, .cursor: the project is their parent
    folder = parent(folder);
    base = last(folder);
  }
  constexpr std::size_t longest = 40;
  std::string name;
  for (const char c : base.substr(0, longest)) {
    if (is_alphanumeric(c))
      name += lower(c);
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  return (name.empty() ? "fleet" : name) + "-" + short_hash(path);
}

}  // namespace mcpctl::config
