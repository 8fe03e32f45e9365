// The kinds of values that the key tables are made of: each binds a member of a struct to
// how it is read and written, as read(Values&, const Node&, OWNER&) and write(const OWNER&)
// of a type without members.  Included by the tables' files alone.
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/duration.h"
#include "config/keys.h"
#include "config/names.h"
#include "config/suggest.h"
#include "config/utf8.h"

namespace mcpctl::config {

using Json = nlohmann::ordered_json;

template <typename Owner>
std::vector<KeyRow> rows_of(Keys<Owner> keys, const Owner& fresh) {
  std::vector<KeyRow> rows;
  for (const Key<Owner>& key : keys) {
    const std::string name{key.name};
    const bool is_section = key.value.shape == Shape::section;
    const Json fallback = is_section ? Json{} : key.value.write(fresh);
    rows.push_back({name,
                    key.value.shape,
                    {key.value.choices.begin(), key.value.choices.end()},
                    fallback.is_null() ? "" : fallback.dump()});
    if (key.value.rows == nullptr) continue;
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

namespace kind {

/// The number that a member holds, be it optional or not.
template <typename Member>
struct Held {
  using Number = Member;
};
template <typename Inner>
struct Held<std::optional<Inner>> {
  using Number = Inner;
};

inline Json written(Duration duration) { return format_duration(duration); }
inline Json written(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(escape_expansion(text));
  return list;
}
template <typename Number>
Json written(const Number& number) {
  return number;
}
template <typename Inner>
Json written(const std::optional<Inner>& member) {
  return member ? written(*member) : Json{};
}

template <auto member>
struct Boolean {
  static constexpr Shape shape = Shape::boolean;
  static void read(Values& values, const Node& node, auto& into) {
    values.boolean(node, into.*member);
  }
  static Json write(const auto& from) { return from.*member; }
};

/// Whether a number that is 0 stands for "not set", and is not written.
enum class Zero { is_a_number, is_unset };

template <auto member, std::int64_t least, std::int64_t most, Zero zero = Zero::is_a_number>
struct Integer {
  static constexpr Shape shape = Shape::integer;
  static void read(Values& values, const Node& node, auto& into) {
    using Number = typename Held<std::remove_cvref_t<decltype(into.*member)>>::Number;
    std::int64_t number = 0;
    if (values.integer(node, least, most, number)) into.*member = static_cast<Number>(number);
  }
  static Json write(const auto& from) {
    if constexpr (zero == Zero::is_unset) {
      if (from.*member == 0) return {};
    }
    return written(from.*member);
  }
};

/// `least` is in milliseconds.
template <auto member, std::int64_t least = 0>
struct TimeSpan {
  static constexpr Shape shape = Shape::duration;
  static void read(Values& values, const Node& node, auto& into) {
    Duration duration{0};
    if (values.duration(node, Duration{least}, duration)) into.*member = duration;
  }
  static Json write(const auto& from) { return written(from.*member); }
};

template <auto member, std::uint64_t least, Zero zero = Zero::is_a_number>
struct Size {
  static constexpr Shape shape = Shape::size;
  static void read(Values& values, const Node& node, auto& into) {
    std::uint64_t bytes = 0;
    if (!values.size(node, bytes)) return;
    if (bytes < least) {
      values.error(node, "too small; expected at least " + format_size(least));
    } else {
      into.*member = bytes;
    }
  }
  static Json write(const auto& from) {
    if (zero == Zero::is_unset && from.*member == 0) return {};
    return format_size(from.*member);
  }
};

template <auto member, const auto& names>
struct Choice {
  static constexpr Shape shape = Shape::choice;
  static constexpr auto choices = spellings(names);
  static void read(Values& values, const Node& node, auto& into) {
    if (node.type != Node::Type::string) {
      values.expected(node, listed(choices));
    } else if (const auto found = find_name(names, node.text)) {
      into.*member = *found;
    } else {
      values.error(node, "expected " + listed(choices) + ", found " + in_quotes(node.text),
                   did_you_mean(node.text, choices));
    }
  }
  static Json write(const auto& from) { return spell(names, from.*member); }
};

/// Its variables are expanded.
template <auto member>
struct String {
  static constexpr Shape shape = Shape::string;
  static void read(Values& values, const Node& node, auto& into) {
    values.text(node, into.*member);
  }
  static Json write(const auto& from) {
    return (from.*member).empty() ? Json{} : Json(escape_expansion(from.*member));
  }
};

/// As it is written: a pattern, or a name.
template <auto member>
struct Literal {
  static constexpr Shape shape = Shape::string;
  static void read(Values& values, const Node& node, auto& into) {
    values.literal(node, into.*member);
  }
  static Json write(const auto& from) {
    return (from.*member).empty() ? Json{} : Json(from.*member);
  }
};

/// Relative ones are seen from the file.
template <auto member>
struct Folder : String<member> {
  static void read(Values& values, const Node& node, auto& into) {
    std::string path;
    if (!values.text(node, path)) return;
    into.*member =
        path.empty() ? path : resolve_path(path, values.scope().folder, values.scope().world->home);
  }
};

template <auto member>
struct Strings {
  static constexpr Shape shape = Shape::strings;
  static void read(Values& values, const Node& node, auto& into) {
    values.texts(node, into.*member);
  }
  static Json write(const auto& from) {
    return (from.*member).empty() ? Json{} : written(from.*member);
  }
};

/// Unset is another thing than empty.
template <auto member>
struct OptionalStrings {
  static constexpr Shape shape = Shape::strings;
  static void read(Values& values, const Node& node, auto& into) {
    std::vector<std::string> texts;
    if (values.texts(node, texts)) into.*member = std::move(texts);
  }
  static Json write(const auto& from) { return written(from.*member); }
};

template <auto member>
struct ExitCodes {
  static constexpr Shape shape = Shape::integers;
  static void read(Values& values, const Node& node, auto& into) {
    if (!values.array(node, "exit codes")) return;
    std::vector<int> codes;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Values::Within within{values, "[" + std::to_string(i) + "]", node.items[i]};
      std::int64_t code = 0;
      if (values.integer(node.items[i], 0, 255, code)) codes.push_back(static_cast<int>(code));
    }
    into.*member = std::move(codes);
  }
  static Json write(const auto& from) { return from.*member; }
};

/// What messages call a section, as a template argument.
template <std::size_t Size>
struct Name {
  char text[Size];
  constexpr Name(const char (&literal)[Size]) {  // NOLINT(google-explicit-constructor)
    std::copy_n(literal, Size, text);
  }
  constexpr operator std::string_view() const {  // NOLINT(google-explicit-constructor)
    return {text, Size - 1};
  }
};

template <typename Owner, std::size_t Count>
constexpr Keys<Owner> all(const Key<Owner> (&keys)[Count]) {
  return keys;
}

/// An object with keys of its own at `member`.
template <auto member, Name name, const auto& keys>
struct Section {
  static constexpr Shape shape = Shape::section;
  static void read(Values& values, const Node& node, auto& into) {
    read_keys(values, node, name, all(keys), into.*member);
  }
  static Json write(const auto& from) { return write_keys(all(keys), from.*member); }
  static std::vector<KeyRow> rows() { return rows_of(all(keys), {}); }
};

/// A section in whose place a bare string means its first key.
template <auto member, Name name, const auto& keys>
struct SectionOrFirst : Section<member, name, keys> {
  static void read(Values& values, const Node& node, auto& into) {
    if (node.type != Node::Type::string) {
      return Section<member, name, keys>::read(values, node, into);
    }
    const auto& first = *std::begin(keys);
    const Values::Within within{values, first.name, node};
    first.value.read(values, node, into.*member);
  }
};

}  // namespace kind
}  // namespace mcpctl::config
