#include "config/values.h"

#include <charconv>

#include "config/duration.h"
#include "config/utf8.h"

namespace mcpctl::config {

Values::Values(const SourceText& source, const Scope& scope, Report& report, SecretStore& secrets)
    : source_(source), scope_(scope), report_(report), secrets_(secrets) {}

Values::Within::Within(Values& values, std::string_view name, const Node& node)
    : values_(values), length_(values.path_.size()) {
  if (length_ > 0 && !name.starts_with('[')) values_.path_ += '.';
  const std::string shown = in_quotes(name);
  values_.path_ += shown.substr(1, shown.size() - 2);
  values_.places_.insert_or_assign(values_.path_, values.place(node));
}

void Values::error(const Node& at, const std::string& message, std::string suggestion) {
  report_.error(place(at), prefix() + message, std::move(suggestion));
}

void Values::warning(const Node& at, const std::string& message, std::string suggestion) {
  report_.warning(place(at), prefix() + message, std::move(suggestion));
}

void Values::expected(const Node& at, std::string_view what, std::string suggestion) {
  if (at.type == Node::Type::invalid) return;
  error(at, "expected " + std::string{what} + ", found " + std::string{describe(at.type)},
        std::move(suggestion));
}

void Values::unknown_key(const Member& at, std::string_view owner, std::string suggestion) {
  report_.error(place(at.key_span), "unknown key " + in_quotes(at.key) + " in " + in_quotes(owner),
                std::move(suggestion));
}

bool Values::boolean(const Node& node, bool& into) {
  if (node.type != Node::Type::boolean) {
    const bool spelled = node.text == "true" || node.text == "false";
    expected(node, "true or false", spelled ? "write " + node.text + " without quotes" : "");
    return false;
  }
  into = node.boolean;
  return true;
}

bool Values::integer(const Node& node, std::int64_t least, std::int64_t most, std::int64_t& into) {
  std::int64_t number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [rest, problem] = std::from_chars(node.text.data(), end, number);
  const bool whole = rest == end && !node.text.empty();
  if (node.type != Node::Type::number) {
    const bool spelled = node.type == Node::Type::string && whole && problem == std::errc{};
    expected(node, "a whole number", spelled ? "write " + node.text + " without quotes" : "");
    return false;
  }
  if (problem != std::errc::result_out_of_range && !whole) {
    error(node, "expected a whole number, found a fraction");
    return false;
  }
  if (problem != std::errc{} || number < least || number > most) {
    error(node, "out of range; expected " + std::to_string(least) + " to " + std::to_string(most));
    return false;
  }
  into = number;
  return true;
}

bool Values::duration(const Node& node, Duration least, Duration& into) {
  if (node.type != Node::Type::string) {
    std::string fix;
    if (node.type == Node::Type::number) {
      fix = "write \"" + node.text + "s\" for seconds or \"" + node.text + "ms\" for milliseconds";
    }
    expected(node, "a duration such as \"10s\"", fix);
    return false;
  }
  const Result<Duration> duration = parse_duration(node.text);
  if (!duration) {
    error(node, "cannot read duration " + in_quotes(node.text) + ": " + duration.error().message);
    return false;
  }
  if (*duration < least) {
    error(node, "too short; expected at least \"" + format_duration(least) + "\"");
    return false;
  }
  into = *duration;
  return true;
}

bool Values::size(const Node& node, std::uint64_t& into) {
  if (node.type != Node::Type::string && node.type != Node::Type::number) {
    expected(node, "a size such as \"512MiB\"");
    return false;
  }
  if (node.type == Node::Type::number &&
      node.text.find_first_not_of("0123456789") != node.text.npos) {
    error(node, "expected a size such as \"512MiB\" or a whole number of bytes");
    return false;
  }
  const Result<std::uint64_t> size = parse_size(node.text);
  if (!size) {
    error(node, "cannot read size " + in_quotes(node.text) + ": " + size.error().message);
    return false;
  }
  into = *size;
  return true;
}

bool Values::object(const Node& node) {
  if (node.type != Node::Type::object) expected(node, "an object");
  return node.type == Node::Type::object;
}

bool Values::array(const Node& node, std::string_view of) {
  if (node.type != Node::Type::array) {
    expected(node, "an array of " + std::string{of},
             node.type == Node::Type::string ? "put it in brackets: [\"…\"]" : "");
  }
  return node.type == Node::Type::array;
}

bool Values::literal(const Node& node, std::string& into) {
  if (node.type != Node::Type::string) {
    const bool lacks_quotes = node.type == Node::Type::number || node.type == Node::Type::boolean;
    expected(node, "a string", lacks_quotes ? "put it in double quotes" : "");
    return false;
  }
  if (node.text.find('\0') != std::string::npos) {
    error(node, "a NUL character cannot be passed to a process");
    return false;
  }
  into = node.text;
  return true;
}

std::string Values::expanded(const Node& at, std::string_view text) {
  Expansion expansion = expand(text, scope_);
  for (std::string& why : expansion.missing) miss(std::move(why));
  for (const std::string& value : expansion.secrets) secrets_.add(value);
  for (const std::string& form : expansion.untouched) {
    if (form.find('}') == std::string::npos) {
      warning(at, "a \"${\" is never closed; it stays as it is",
              "write $${ for a literal \"${\", or add the \"}\"");
    } else {
      warning(at, "a ${…} that is no variable's name stays as it is",
              "write $${ for a literal \"${\"");
    }
  }
  uses_port_ = uses_port_ || expansion.uses_port;
  return std::move(expansion.text);
}

bool Values::text(const Node& node, std::string& into) {
  std::string written;
  if (!literal(node, written)) return false;
  into = expanded(node, written);
  if (into.find('\0') != std::string::npos)
    miss("the value of " + path_ + " holds a NUL character");
  return true;
}

bool Values::resolved(const Node& node, std::string& into) {
  const std::size_t missing = missing_.size();
  return text(node, into) && missing_.size() == missing;
}

bool Values::texts(const Node& node, std::vector<std::string>& into) {
  if (!array(node, "strings")) return false;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Within within{*this, "[" + std::to_string(i) + "]", node.items[i]};
    std::string one;
    if (text(node.items[i], one)) texts.push_back(std::move(one));
  }
  into = std::move(texts);
  return true;
}

void Values::miss(std::string why) { missing_.push_back(std::move(why)); }

}  // namespace mcpctl::config
