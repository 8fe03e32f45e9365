#include "config/special_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "config/key_values.h"

namespace mcpctl::config::kind {
namespace {

constexpr std::uint64_t unlimited = ~std::uint64_t{0};  // RLIM_INFINITY

void read_need(Values& values, const Node& node, Need& need) {
  const auto words = spellings(need_names);
  if (node.type != Node::Type::string) {
    values.expected(node, listed(words));
  } else if (const auto found = find_name(need_names, node.text)) {
    need = *found;
  } else {
    values.error(node, "expected " + listed(words) + ", found " + in_quotes(node.text),
                 did_you_mean(node.text, words));
  }
}

/// A number, a size where bytes are limited, or "unlimited".
bool read_limit(Values& values, const Node& node, const LimitName& limit, std::uint64_t& into) {
  if (node.type == Node::Type::string && node.text == "unlimited") {
    into = unlimited;
    return true;
  }
  if (limit.in_bytes) return values.size(node, into);
  if (node.type == Node::Type::string) {
    values.expected(node, "a whole number or \"unlimited\"");
    return false;
  }
  std::int64_t number = 0;
  if (!values.integer(node, 0, std::numeric_limits<std::int64_t>::max(), number)) return false;
  into = static_cast<std::uint64_t>(number);
  return true;
}

void read_limit_pair(Values& values, const Node& node, const LimitName& limit,
                     ResourceLimit& into) {
  if (node.type != Node::Type::object) {
    if (read_limit(values, node, limit, into.soft)) into.hard = into.soft;
    return;
  }
  constexpr std::array<std::string_view, 2> names{"soft", "hard"};
  for (const Member& member : node.members) {
    if (member.key != "soft" && member.key != "hard") {
      values.unknown_key(member, limit.name, did_you_mean(member.key, names));
    }
  }
  const Node* soft = node.find("soft");
  const Node* hard = node.find("hard");
  if (soft == nullptr && hard == nullptr) {
    values.error(node, "expected \"soft\", \"hard\" or both");
    return;
  }
  bool fits = true;
  if (soft != nullptr) fits = read_limit(values, *soft, limit, into.soft) && fits;
  if (hard != nullptr) fits = read_limit(values, *hard, limit, into.hard) && fits;
  if (soft == nullptr) into.soft = into.hard;
  if (hard == nullptr) into.hard = into.soft;
  if (fits && into.soft > into.hard) values.error(node, "the soft limit is above the hard one");
}

}  // namespace

void Dependencies::read(Values& values, const Node& node, Server& into) {
  std::vector<Dependency> dependencies;
  std::set<std::string> known;
  const auto add = [&](const std::string& server, const Node& at, Need need) {
    // The place of each, for the checks that need the whole fleet.
    const Values::Within within{values, server, at};
    if (known.insert(server).second) {
      dependencies.push_back({server, need});
    } else {
      values.error(at, "named twice");
    }
  };
  if (node.type == Node::Type::array) {
    for (const Node& item : node.items) {
      std::string server;
      if (values.literal(item, server)) add(server, item, Need::ready);
    }
  } else if (node.type == Node::Type::object) {
    for (const Member& member : node.members) {
      Need need = Need::ready;
      {
        const Values::Within within{values, member.key, member.value};
        read_need(values, member.value, need);
      }
      Node at = member.value;
      at.span = member.key_span;
      // The parser has complained about a key that stands twice.
      if (!known.contains(member.key)) add(member.key, at, need);
    }
  } else {
    values.expected(node, "an object such as {\"redis\": \"ready\"} or an array of names",
                    node.type == Node::Type::string ? "put it in brackets: [\"…\"]" : "");
    return;
  }
  into.depends_on = std::move(dependencies);
}

Json Dependencies::write(const Server& from) {
  if (from.depends_on.empty()) return {};
  Json object = Json::object();
  for (const Dependency& each : from.depends_on) {
    object[each.server] = spell(need_names, each.need);
  }
  return object;
}

void Limits::read(Values& values, const Node& node, Server& into) {
  if (!values.object(node)) return;
  std::vector<std::string_view> names;
  for (const LimitName& limit : limit_names) names.push_back(limit.name);
  for (const Member& member : node.members) {
    const auto limit = std::find_if(limit_names.begin(), limit_names.end(),
                                    [&](const LimitName& each) { return each.name == member.key; });
    if (limit == limit_names.end()) {
      values.unknown_key(member, "rlimits", did_you_mean(member.key, names));
      continue;
    }
    const Values::Within within{values, member.key, member.value};
    ResourceLimit read{limit->resource, std::string{limit->name}, 0, 0};
    read_limit_pair(values, member.value, *limit, read);
    // One by one over the defaults, as in every other section.
    std::erase_if(into.rlimits,
                  [&](const ResourceLimit& each) { return each.resource == read.resource; });
    into.rlimits.push_back(std::move(read));
  }
}

Json Limits::write(const Server& from) {
  if (from.rlimits.empty()) return {};
  const auto written = [](std::uint64_t number) {
    return number == unlimited ? Json("unlimited") : Json(number);
  };
  Json object = Json::object();
  for (const ResourceLimit& each : from.rlimits) {
    object[each.name] = each.soft == each.hard
                            ? written(each.soft)
                            : Json{{"soft", written(each.soft)}, {"hard", written(each.hard)}};
  }
  return object;
}

void Umask::read(Values& values, const Node& node, Server& into) {
  std::int64_t number = 0;
  if (node.type == Node::Type::number) {
    if (values.integer(node, 0, 0777, number)) into.umask = static_cast<std::uint32_t>(number);
    return;
  }
  if (node.type != Node::Type::string)
    return values.expected(node, "an octal string such as \"022\"");
  std::uint32_t mask = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [rest, problem] = std::from_chars(node.text.data(), end, mask, 8);
  if (problem != std::errc{} || rest != end || mask > 0777) {
    return values.error(node, "cannot read umask " + in_quotes(node.text) +
                                  ": expected octal digits from \"000\" to \"777\"");
  }
  into.umask = mask;
}

Json Umask::write(const Server& from) {
  if (!from.umask) return {};
  std::string octal;
  for (const unsigned shift : {6u, 3u, 0u}) {
    octal += static_cast<char>('0' + ((*from.umask >> shift) & 7));
  }
  return octal;
}

void Inherit::read(Values& values, const Node& node, Server& into) {
  if (node.type == Node::Type::boolean) {
    into.inherit_env = {node.boolean, {}};
  } else if (node.type == Node::Type::array) {
    InheritEnv inherit;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Values::Within within{values, "[" + std::to_string(i) + "]", node.items[i]};
      std::string name;
      if (values.literal(node.items[i], name)) inherit.names.push_back(std::move(name));
    }
    into.inherit_env = std::move(inherit);
  } else {
    values.expected(node, "true, false or an array of names",
                    node.type == Node::Type::string ? "put it in brackets: [\"…\"]" : "");
  }
}

Json Inherit::write(const Server& from) {
  if (from.inherit_env.all || from.inherit_env.names.empty()) return from.inherit_env.all;
  return from.inherit_env.names;
}

template <std::string Draft::* member>
void Account<member>::read(Values& values, const Node& node, Draft& into) {
  std::int64_t number = 0;
  if (node.type == Node::Type::number) {
    if (values.integer(node, 0, std::numeric_limits<std::uint32_t>::max() - 1, number)) {
      into.*member = std::to_string(number);
    }
  } else if (std::string name; values.resolved(node, name)) {
    if (name.empty()) {
      values.error(node, "expected a name, found an empty string");
    }
    into.*member = name;
  }
}

template <std::string Draft::* member>
Json Account<member>::write(const Draft& from) {
  return (from.*member).empty() ? Json{} : Json(escape_expansion(from.*member));
}

template struct Account<&Draft::user_name>;
template struct Account<&Draft::group_name>;

}  // namespace mcpctl::config::kind
