// Any bytes as a configuration.  Besides crashes, finds:
// - JSON that nlohmann/json accepts and our parser refuses (or reads differently);
// - a secret of the environment that shows in a problem, a reason or a dump;
// - a Config that does not come back from its own dump.
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "config/dump.h"
#include "config/jsonc.h"
#include "config/reader.h"
#include "tests/fuzz/target.h"

namespace {

using namespace mcpctl;
using namespace mcpctl::config;
using Json = nlohmann::json;

const std::string secret = "s3cr3t-t0ken";

const World& world() {
  static const World here{[](std::string_view name) -> std::optional<std::string> {
                            if (name == "A") return "value of a";
                            if (name == "TOKEN") return secret;
                            if (name == "EMPTY") return "";
                            return std::nullopt;
                          },
                          [](const std::string& path) -> Result<std::string> {
                            if (path.ends_with(".env")) return "X=1\nexport Y='quoted'\n";
                            return failure("no such file");
                          },
                          [](const std::string& user, const std::string&) -> Result<Identity> {
                            if (user != "nobody") return failure("no such user");
                            return Identity{65534, 65534, {}, user, "/"};
                          },
                          "/home/fuzz"};
  return here;
}

/// The same value in both trees?  Numbers are compared by their kind alone.
bool same(const Node& ours, const Json& theirs) {
  switch (ours.type) {
    case Node::Type::invalid: return false;
    case Node::Type::null: return theirs.is_null();
    case Node::Type::boolean: return theirs.is_boolean() && theirs.get<bool>() == ours.boolean;
    case Node::Type::number: return theirs.is_number();
    case Node::Type::string:
      return theirs.is_string() && theirs.get_ref<const std::string&>() == ours.text;
    case Node::Type::array: {
      if (!theirs.is_array() || theirs.size() != ours.items.size()) return false;
      for (std::size_t i = 0; i < ours.items.size(); ++i) {
        if (!same(ours.items[i], theirs[i])) return false;
      }
      return true;
    }
    case Node::Type::object: {
      if (!theirs.is_object() || theirs.size() != ours.members.size()) return false;
      for (const Member& member : ours.members) {
        const auto found = theirs.find(member.key);
        if (found == theirs.end() || !same(member.value, *found)) return false;
      }
      return true;
    }
  }
  return false;
}

void compare_parsers(const std::string& text) {
  if (text.find('\0') != std::string::npos) return;  // ends nlohmann's input
  std::size_t brackets = 0;
  for (const char c : text) brackets += c == '[' || c == '{' ? 1 : 0;
  if (brackets > max_document_depth) return;
  const Json theirs = Json::parse(text, nullptr, false, true);
  if (theirs.is_discarded()) return;
  const Document ours = parse_jsonc(text);
  bool has_duplicates = false;
  for (const Fault& fault : ours.faults) {
    const bool is_duplicate = fault.message.starts_with("duplicate key");
    has_duplicates = has_duplicates || is_duplicate;
    MCPCTL_ASSERT(is_duplicate);
  }
  MCPCTL_ASSERT(has_duplicates || same(ours.root, theirs));
}

void read_back(const Reading& reading) {
  const std::string dumped = to_json(reading.config, false);
  const std::vector<Source> sources{{"/srv/app/mcp.json", dumped}};
  const Reading again = read(sources, world());
  MCPCTL_ASSERT(!again.has_errors());
  Config expected = reading.config;
  expected.files = again.config.files;
  expected.disabled.clear();
  expected.unusable.clear();
  MCPCTL_ASSERT(to_json(expected, false) == to_json(again.config, false));
}

void run_config(std::string_view input) {
  const std::string text{input};
  compare_parsers(text);

  const std::vector<Source> sources{{"/srv/app/mcp.json", text}};
  const Reading reading = read(sources, world());
  const bool only_in_environment = text.find(secret) == std::string::npos;
  const auto shows_secret = [&](const std::string& shown) {
    return only_in_environment && shown.find(secret) != std::string::npos;
  };
  for (const Unusable& each : reading.config.unusable) MCPCTL_ASSERT(!shows_secret(each.why));
  for (const Problem& problem : reading.problems) {
    const std::string shown = render(problem);
    MCPCTL_ASSERT(!shows_secret(shown));
    for (const char c : shown) MCPCTL_ASSERT(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
  MCPCTL_ASSERT(!shows_secret(to_json(reading.config)));
  if (!reading.has_errors()) read_back(reading);
}

const mcpctl::fuzz::Target config_target{'c', run_config};

}  // namespace
