#include "config/secrets.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <limits>
#include <optional>

#include "base/ascii.h"
#include "config/config.h"

namespace mcpctl::config {
namespace {

constexpr std::size_t shortest_secret = 4;
constexpr std::size_t shortest_line = 8;

/// Secret when a word ends with one of these ("DBPASSWORD", "githubtoken") …
constexpr std::array<std::string_view, 9> telling_ends{"token",  "secret",     "password",
                                                       "passwd", "passphrase", "credential",
                                                       "apikey", "secrets",    "credentials"};
/// … or is one of these, too short to be looked for inside other words.
constexpr std::array<std::string_view, 9> telling_words{
    "key", "keys", "auth", "tokens", "pass", "cookie", "pat", "jwt", "authorization"};
/// A last word that says: the value only leads to the secret, or counts it.
constexpr std::array<std::string_view, 15> harmless_ends{
    "file", "path",     "dir",  "sock", "socket", "url",    "uri",  "host",
    "port", "endpoint", "type", "mode", "method", "scheme", "limit"};
constexpr std::array<std::string_view, 24> common_values{
    "true",  "false",   "none",    "null",      "auto",       "default", "info",   "debug",
    "warn",  "warning", "error",   "trace",     "production", "prod",    "test",   "development",
    "local", "staging", "enabled", "localhost", "disabled",   "basic",   "bearer", "127.0.0.1"};
constexpr std::array<std::string_view, 8> public_headers{
    "accept",     "accept-encoding",      "accept-language", "cache-control",
    "user-agent", "mcp-protocol-version", "connection",      "content-type"};

std::string lowered(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// "OPENAI_API_KEY", "openai-api-key" and "openaiApiKey" alike.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool open = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_alphanumeric(c)) {
      open = false;
      continue;
    }
    const bool hump = i > 0 && is_upper(c) && is_lower(name[i - 1]);
    if (!open || hump) words.emplace_back();
    open = true;
    words.back() += lower(c);
  }
  return words;
}

bool is_small_number(std::string_view value) {
  return value.size() < 6 && std::all_of(value.begin(), value.end(), is_digit);
}

/// Offsets of the secret parts of a URL, in a decoded or a raw text alike.
std::vector<Span> url_secrets(std::string_view url) {
  std::vector<Span> spans;
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return spans;
  const std::size_t host = scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t at = url.substr(0, path).rfind('@');
  if (at != std::string_view::npos && at > host) spans.push_back({host, at});
  std::size_t query = url.find('?', path);
  while (query != std::string_view::npos && query < url.size()) {
    const std::size_t begin = query + 1;
    const std::size_t end = std::min(url.find_first_of("&#", begin), url.size());
    const std::size_t equals = url.substr(0, end).find('=', begin);
    if (equals != std::string_view::npos && is_secret_name(url.substr(begin, equals - begin))) {
      spans.push_back({equals + 1, end});
    }
    query = end < url.size() && url[end] == '&' ? end : std::string_view::npos;
  }
  return spans;
}

/// For "--api-key=value": where the value begins; for "--api-key": the end.
std::optional<std::size_t> secret_option(std::string_view arg) {
  if (!arg.starts_with('-')) return std::nullopt;
  const std::size_t equals = std::min(arg.find('='), arg.size());
  if (!is_secret_name(arg.substr(0, equals))) return std::nullopt;
  return equals == arg.size() ? equals : equals + 1;
}

/// "${TOKEN}" and "Bearer ${TOKEN}" hold no secret themselves; "${TOKEN:-x}" does.
bool only_refers(std::string_view text) {
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "Token ", "token "}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  while (text.starts_with("${")) {
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos || text.substr(0, end).find(":-") != std::string_view::npos) {
      return false;
    }
    text.remove_prefix(end + 1);
  }
  return text.empty();
}

class SpanFinder {
 public:
  explicit SpanFinder(std::string_view text) : text_(text) {}

  /// `ours`: inside "x-mcpctl", where names are those of settings and servers.
  void visit(const Node& node, bool ours = false) {
    for (const Node& item : node.items) visit(item, ours);
    for (const Member& member : node.members) {
      const Node& value = member.value;
      if (value.type == Node::Type::object && member.key == "headers") {
        for (const Member& header : value.members) {
          if (!is_public_header(header.key)) hide(header.value);
        }
      } else if (value.type == Node::Type::object && member.key == "env") {
        for (const Member& variable : value.members) {
          if (is_secret_name(variable.key)) hide(variable.value);
          if (variable.value.type == Node::Type::string) visit_url(variable.value);
        }
      } else if (value.type == Node::Type::object) {
        visit(value, ours || member.key == "x-mcpctl");
      } else if (!ours && is_secret_name(member.key)) {
        hide(value);
      } else if (member.key == "args" || member.key == "command") {
        visit_args(value);
      } else {
        visit(value, ours);
      }
      if (value.type == Node::Type::string) visit_url(value);
    }
  }

  std::vector<Span> take() { return std::move(spans_); }

 private:
  /// Offset of the first byte inside the quotes.
  static std::size_t inner(const Node& node) { return node.span.begin + 1; }

  void hide(const Node& node) {
    for (const Node& item : node.items) hide(item);
    for (const Member& member : node.members) hide(member.value);
    switch (node.type) {
      case Node::Type::string:
        if (only_refers(node.text)) return;
        spans_.push_back({inner(node), end_inside(node)});
        return;
      case Node::Type::invalid:
      case Node::Type::number: spans_.push_back(node.span); return;
      case Node::Type::null:
      case Node::Type::boolean:
      case Node::Type::array:
      case Node::Type::object: return;
    }
  }

  std::size_t end_inside(const Node& node) const {
    const bool closed = node.span.end > inner(node) && text_[node.span.end - 1] == '"';
    return closed ? node.span.end - 1 : node.span.end;
  }

  void visit_url(const Node& node) {
    const std::size_t begin = std::min(inner(node), end_inside(node));
    for (const Span& span : url_secrets(text_.substr(begin, end_inside(node) - begin))) {
      if (only_refers(text_.substr(begin + span.begin, span.end - span.begin))) continue;
      spans_.push_back({begin + span.begin, begin + span.end});
    }
  }

  void visit_args(const Node& args) {
    bool value_follows = false;
    for (const Node& arg : args.items) {
      if (value_follows) hide(arg);
      value_follows = false;
      if (arg.type != Node::Type::string) continue;
      visit_url(arg);
      const std::optional<std::size_t> value = secret_option(arg.text);
      if (!value) continue;
      value_follows = *value == arg.text.size();
      // Option names hold no escapes, so decoded and raw offsets agree.
      if (!value_follows && !only_refers(std::string_view{arg.text}.substr(*value))) {
        spans_.push_back({std::min(inner(arg) + *value, end_inside(arg)), end_inside(arg)});
      }
    }
  }

  std::string_view text_;
  std::vector<Span> spans_;
};

}  // namespace

bool is_secret_name(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  if (words.empty() || contains(harmless_ends, words.back())) return false;
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return contains(telling_words, word) ||
           std::any_of(telling_ends.begin(), telling_ends.end(),
                       [&](std::string_view end) { return word.ends_with(end); });
  });
}

bool is_public_header(std::string_view name) { return contains(public_headers, lowered(name)); }

void SecretStore::add_one(std::string_view value) {
  if (value.size() < shortest_secret || is_small_number(value)) return;
  if (contains(common_values, lowered(value))) return;
  values_.emplace_back(value);
}

void SecretStore::add(std::string_view value) {
  add_one(value);
  for (const std::string_view scheme : {"bearer ", "basic ", "token "}) {
    if (lowered(value.substr(0, scheme.size())) == scheme) add_one(value.substr(scheme.size()));
  }
  if (value.find('\n') == std::string_view::npos) return;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of("\r\n"), value.size());
    const std::string_view line = value.substr(0, end);
    if (line.size() >= shortest_line && !line.starts_with("-----")) add_one(line);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

void SecretStore::add_from_url(std::string_view url) {
  for (const Span& span : url_secrets(url)) {
    const std::string_view value = url.substr(span.begin, span.end - span.begin);
    add_one(value);
    const std::size_t colon = value.find(':');
    if (colon != std::string_view::npos) add_one(value.substr(colon + 1));
  }
}

void SecretStore::add_from_args(const std::vector<std::string>& args) {
  bool value_follows = false;
  for (const std::string& arg : args) {
    if (value_follows) add(arg);
    add_from_url(arg);
    const std::optional<std::size_t> value = secret_option(arg);
    value_follows = value && *value == arg.size();
    if (value && !value_follows) add(std::string_view{arg}.substr(*value));
  }
}

std::vector<std::string> SecretStore::take() {
  std::sort(values_.begin(), values_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  return std::move(values_);
}

std::vector<Span> secret_spans(std::string_view text, const Node& root) {
  SpanFinder finder{text};
  finder.visit(root);
  return finder.take();
}

bool mentions(std::string_view text, const std::vector<std::string>& secrets) {
  return std::any_of(secrets.begin(), secrets.end(), [text](const std::string& secret) {
    return !secret.empty() &&
           ::memmem(text.data(), text.size(), secret.data(), secret.size()) != nullptr;
  });
}

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
  if (!mentions(text, secrets)) return std::string{text};
  // One pass, so that a secret inside "[redacted]" cannot change a redaction;
  // a table of first bytes keeps long logs from being compared with every secret.
  std::bitset<std::numeric_limits<unsigned char>::max() + 1> first_bytes;
  for (const std::string& secret : secrets) {
    if (!secret.empty()) first_bytes.set(static_cast<unsigned char>(secret[0]));
  }
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = 0;
    if (first_bytes.test(static_cast<unsigned char>(text[0]))) {
      const auto hit = std::find_if(secrets.begin(), secrets.end(), [&](const std::string& each) {
        return !each.empty() && text.starts_with(each);
      });
      if (hit != secrets.end()) length = hit->size();
    }
    if (length > 0) {
      shown += "[redacted]";
      text.remove_prefix(length);
    } else {
      shown += text[0];
      text.remove_prefix(1);
    }
  }
  return shown;
}

}  // namespace mcpctl::config
