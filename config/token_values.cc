// gateway.tokens: read into digests, so that a token is nowhere kept.
#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "config/key_values.h"
#include "config/sha256.h"
#include "config/special_values.h"

namespace mcpctl::config::kind {
namespace {

constexpr std::size_t shortest_token = 16;
constexpr std::string_view hash_prefix = "sha256:";

/// A token while it is read; none of the texts outlives that.
struct TokenDraft {
  Token token;
  std::string text;
  std::string file;
  std::string variable;
  std::string hash;
};

struct TokenName : String<&TokenDraft::text> {
  static void read(Values& values, const Node& node, TokenDraft& into) {
    values.literal(node, into.token.name);
  }
};

struct TokenText : String<&TokenDraft::text> {
  static void read(Values& values, const Node& node, TokenDraft& into) {
    values.resolved(node, into.text);
  }
};

struct TokenScopes : String<&TokenDraft::text> {
  static void read(Values& values, const Node& node, TokenDraft& into) {
    values.texts(node, into.token.scopes);
  }
};

constexpr Key<TokenDraft> token_keys[]{
    {"name", TokenName{}},
    {"token", TokenText{}},
    {"tokenFile", Folder<&TokenDraft::file>{}},
    {"tokenEnv", Literal<&TokenDraft::variable>{}},
    {"tokenHash", Literal<&TokenDraft::hash>{}},
    {"scopes", TokenScopes{}},
};

bool read_hash(std::string_view text, std::array<std::uint8_t, 32>& digest) {
  if (!text.starts_with(hash_prefix)) return false;
  text.remove_prefix(hash_prefix.size());
  if (text.size() != 2 * digest.size()) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* at = text.data() + 2 * i;
    const auto [rest, problem] = std::from_chars(at, at + 2, digest[i], 16);
    if (problem != std::errc{} || rest != at + 2) return false;
  }
  return true;
}

std::string write_hash(const std::array<std::uint8_t, 32>& digest) {
  return std::string{hash_prefix} + hex(digest);
}

/// The token itself; nothing when it cannot be had, which was said.
std::optional<std::string> find_token(Values& values, const Node& node, const TokenDraft& draft) {
  if (node.find("tokenEnv") != nullptr) {
    auto value = values.scope().world->environment(draft.variable);
    if (!value) values.miss("variable " + draft.variable + " is not set");
    return value;
  }
  if (const Node* file = node.find("tokenFile")) {
    if (draft.file.empty()) return std::nullopt;
    auto text = values.scope().world->read_file(draft.file);
    if (!text) {
      values.error(*file, "cannot read " + in_quotes(draft.file) + ": " + text.error().message);
      return std::nullopt;
    }
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    return std::move(*text);
  }
  if (draft.text.empty()) return std::nullopt;  // a missing variable, or the wrong type
  return draft.text;
}

void read_token(Values& values, const Node& node, Gateway& into) {
  TokenDraft draft;
  read_keys(values, node, "tokens", all(token_keys), draft);
  if (node.type != Node::Type::object) return;
  Token& token = draft.token;
  const auto is_same = [&](const Token& other) { return other.name == token.name; };
  if (token.name.empty()) {
    values.error(node, "a token needs a \"name\" for the logs");
  } else if (std::any_of(into.tokens.begin(), into.tokens.end(), is_same)) {
    values.error(node, "another token is named " + in_quotes(token.name));
  }
  constexpr std::array<std::string_view, 4> sources{"token", "tokenFile", "tokenEnv", "tokenHash"};
  const auto given = std::count_if(sources.begin(), sources.end(), [&](std::string_view source) {
    return node.find(source) != nullptr;
  });
  if (given != 1) {
    return values.error(node,
                        "expected one of \"token\", \"tokenFile\", \"tokenEnv\" and \"tokenHash\"");
  }
  if (const Node* hash = node.find("tokenHash")) {
    if (hash->type == Node::Type::string && !read_hash(draft.hash, token.digest)) {
      return values.error(*hash, "expected \"sha256:\" and 64 hexadecimal digits");
    }
  } else {
    const auto text = find_token(values, node, draft);
    if (!text) return;
    const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
    if (text->size() < shortest_token || !std::all_of(text->begin(), text->end(), is_visible)) {
      return values.error(node, "a token has at least 16 letters, digits or signs, and no spaces");
    }
    token.digest = sha256(*text);
  }
  into.tokens.push_back(std::move(token));
}

}  // namespace

void Tokens::read(Values& values, const Node& node, Gateway& into) {
  if (!values.array(node, "tokens")) return;
  into.tokens.clear();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Values::Within within{values, "[" + std::to_string(i) + "]", node.items[i]};
    read_token(values, node.items[i], into);
  }
}

Json Tokens::write(const Gateway& from) {
  if (from.tokens.empty()) return {};
  Json list = Json::array();
  for (const Token& token : from.tokens) {
    Json entry{{"name", token.name}, {"tokenHash", write_hash(token.digest)}};
    if (!token.scopes.empty()) entry["scopes"] = written(token.scopes);
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace mcpctl::config::kind
