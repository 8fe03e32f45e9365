// The kinds of values that the key table is made of: each binds a member of a
// struct to how it is read and written.  Included by keys.cc and special_values.cc alone.
#pragma once
#include <limits>
#include <nlohmann/json.hpp>

#include "config/duration.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/suggest.h"
#include "config/utf8.h"

namespace mcpctl::config {

using Json = nlohmann::ordered_json;

template <typename Owner>
Value<Owner> boolean(bool Owner::* member) {
  return {
      Shape::boolean,
      {},
      [=](Values& values, const Node& node, Owner& into) { values.boolean(node, into.*member); },
      [=](const Owner& from) -> Json { return from.*member; }};
}

/// `hidden` is the value that stands for "not set" and is not written.
template <typename Owner, typename Number>
Value<Owner> integer(Number Owner::* member, std::int64_t least, std::int64_t most,
                     std::optional<Number> hidden = {}) {
  return {Shape::integer,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            std::int64_t number = 0;
            if (values.integer(node, least, most, number)) {
              into.*member = static_cast<Number>(number);
            }
          },
          [=](const Owner& from) -> Json {
            return hidden && from.*member == *hidden ? Json{} : Json(from.*member);
          }};
}

template <typename Owner, typename Number>
Value<Owner> integer(std::optional<Number> Owner::* member, std::int64_t least, std::int64_t most) {
  return {Shape::integer,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            std::int64_t number = 0;
            if (values.integer(node, least, most, number)) {
              into.*member = static_cast<Number>(number);
            }
          },
          [=](const Owner& from) -> Json { return from.*member ? Json(*(from.*member)) : Json{}; }};
}

template <typename Owner, typename Member>
Value<Owner> duration(Member Owner::* member, Duration least = Duration{0}) {
  return {Shape::duration,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            Duration duration{0};
            if (values.duration(node, least, duration)) into.*member = duration;
          },
          [=](const Owner& from) -> Json {
            if constexpr (std::is_same_v<Member, Duration>) {
              return format_duration(from.*member);
            } else {
              return from.*member ? Json(format_duration(*(from.*member))) : Json{};
            }
          }};
}

template <typename Owner>
Value<Owner> size(std::uint64_t Owner::* member, std::uint64_t least, bool zero_is_none = false) {
  return {Shape::size,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            std::uint64_t bytes = 0;
            if (!values.size(node, bytes)) return;
            if (bytes < least) {
              values.error(node, "too small; expected at least " + format_size(least));
            } else {
              into.*member = bytes;
            }
          },
          [=](const Owner& from) -> Json {
            return zero_is_none && from.*member == 0 ? Json{} : Json(format_size(from.*member));
          }};
}

template <typename Owner, typename Enum, std::size_t Count>
Value<Owner> choice(Enum Owner::* member, const Names<Enum, Count>& names) {
  const auto words = spellings(names);
  return {Shape::choice,
          {words.begin(), words.end()},
          [=, &names](Values& values, const Node& node, Owner& into) {
            if (node.type != Node::Type::string) {
              values.expected(node, listed(words));
            } else if (const auto found = find_name(names, node.text)) {
              into.*member = *found;
            } else {
              values.error(node, "expected " + listed(words) + ", found " + in_quotes(node.text),
                           did_you_mean(node.text, words));
            }
          },
          [=, &names](const Owner& from) -> Json { return spell(names, from.*member); }};
}

/// Strings of ours are expanded like the others; `literal` ones (patterns) are not.
enum class Expanding { yes, no };

template <typename Owner>
Value<Owner> string(std::string Owner::* member, Expanding expanding = Expanding::yes) {
  return {Shape::string,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            if (expanding == Expanding::yes) {
              values.text(node, into.*member);
            } else {
              values.literal(node, into.*member);
            }
          },
          [=](const Owner& from) -> Json {
            if ((from.*member).empty()) return {};
            return expanding == Expanding::yes ? escape_expansion(from.*member) : from.*member;
          }};
}

/// A folder; relative ones are seen from the file.
template <typename Owner>
Value<Owner> folder(std::string Owner::* member) {
  Value<Owner> value = string(member);
  value.read = [=](Values& values, const Node& node, Owner& into) {
    std::string path;
    if (!values.text(node, path)) return;
    into.*member =
        path.empty() ? path : resolve_path(path, values.scope().folder, values.scope().world->home);
  };
  return value;
}

template <typename Owner>
Value<Owner> strings(std::vector<std::string> Owner::* member) {
  return {Shape::strings,
          {},
          [=](Values& values, const Node& node, Owner& into) { values.texts(node, into.*member); },
          [=](const Owner& from) -> Json {
            if ((from.*member).empty()) return {};
            Json list = Json::array();
            for (const std::string& text : from.*member) list.push_back(escape_expansion(text));
            return list;
          }};
}

/// Unset is another thing than empty.
template <typename Owner>
Value<Owner> strings(std::optional<std::vector<std::string>> Owner::* member) {
  return {Shape::strings,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            std::vector<std::string> texts;
            if (values.texts(node, texts)) into.*member = std::move(texts);
          },
          [=](const Owner& from) -> Json {
            if (!(from.*member)) return {};
            Json list = Json::array();
            for (const std::string& text : *(from.*member)) list.push_back(escape_expansion(text));
            return list;
          }};
}

template <typename Owner>
Value<Owner> exit_codes(std::vector<int> Owner::* member) {
  return {Shape::integers,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            if (!values.array(node, "exit codes")) return;
            std::vector<int> codes;
            for (std::size_t i = 0; i < node.items.size(); ++i) {
              const Values::Within within{values, "[" + std::to_string(i) + "]", node.items[i]};
              std::int64_t code = 0;
              if (values.integer(node.items[i], 0, 255, code)) {
                codes.push_back(static_cast<int>(code));
              }
            }
            into.*member = std::move(codes);
          },
          [=](const Owner& from) -> Json { return from.*member; }};
}

template <typename Owner>
std::vector<KeyRow> rows_of(Keys<Owner> keys, const Owner& fresh) {
  std::vector<KeyRow> rows;
  for (const Key<Owner>& key : keys) {
    const std::string name{key.name};
    const bool is_section = key.value.shape == Shape::section;
    const Json fallback = is_section ? Json{} : key.value.write(fresh);
    rows.push_back(
        {name, key.value.shape, key.value.choices, fallback.is_null() ? "" : fallback.dump()});
    if (!key.value.rows) continue;
    for (KeyRow row : key.value.rows()) {
      row.path = name + "." + row.path;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

template <typename Owner>
Json write_keys(Keys<Owner> keys, const Owner& from) {
  Json object = Json::object();
  for (const Key<Owner>& key : keys) {
    Json value = key.value.write(from);
    if (!value.is_null()) object[std::string{key.name}] = std::move(value);
  }
  return object;
}

/// `owner` is what messages call the object.
template <typename Owner>
void read_keys(Values& values, const Node& node, std::string_view owner, Keys<Owner> keys,
               Owner& into) {
  if (!values.object(node)) return;
  std::vector<std::string_view> names;
  for (const Key<Owner>& key : keys) names.push_back(key.name);
  for (const Member& member : node.members) {
    if (std::find(names.begin(), names.end(), member.key) != names.end()) continue;
    std::string suggestion = did_you_mean(member.key, names);
    const std::string section = section_of(member.key);
    if (!section.empty() && section != owner) {
      suggestion = in_quotes(member.key) + " belongs in " + in_quotes(section);
    }
    values.unknown_key(member, owner, suggestion);
  }
  for (const Key<Owner>& key : keys) {
    const Node* value = node.find(key.name);
    if (value == nullptr || value->type == Node::Type::invalid) continue;
    const Values::Within within{values, key.name, *value};
    key.value.read(values, *value, into);
  }
}

/// An object with keys of its own at `member`.  A bare string, where `shorthand`
/// names a key, means that key.
template <typename Owner, typename Inner>
Value<Owner> section(Inner Owner::* member, std::string_view name, Keys<Inner> keys,
                     std::string_view shorthand = {}) {
  return {Shape::section,
          {},
          [=](Values& values, const Node& node, Owner& into) {
            if (node.type != Node::Type::string || shorthand.empty()) {
              read_keys(values, node, name, keys, into.*member);
              return;
            }
            for (const Key<Inner>& key : keys) {
              if (key.name != shorthand) continue;
              const Values::Within within{values, shorthand, node};
              key.value.read(values, node, into.*member);
            }
          },
          [=](const Owner& from) -> Json { return write_keys(keys, from.*member); },
          [=] { return rows_of(keys, Inner{}); }};
}

}  // namespace mcpctl::config
