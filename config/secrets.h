// Which values nobody may see.  Decided by name (GITHUB_TOKEN, Authorization) when
// a value enters, so that every later output need only call redact().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/jsonc.h"

namespace mcpctl::config {

/// Does a variable, key or option of this name hold a secret?  By its words
/// (TOKEN, KEY, SECRET, PASSWORD, CREDENTIAL, AUTH, …) in snake, kebab or camel
/// case; names of files, sockets and endpoints ("SSH_AUTH_SOCK") do not.
bool is_secret_name(std::string_view name);

/// Headers that everybody sends and nobody hides: Accept, Content-Type, ….
bool is_public_header(std::string_view name);

/// Gathers secrets; knows which values are too short or too common to hide.
class SecretStore {
 public:
  /// Also takes the lines of a value of several lines, and what follows the
  /// scheme of "Bearer …": logs show them apart.
  void add(std::string_view value);
  /// The user information of a URL and its query values of secret names.
  void add_from_url(std::string_view url);
  /// Values of options such as `--api-key=…` and `--token …`.
  void add_from_args(const std::vector<std::string>& args);

  /// Longest first, each once.
  std::vector<std::string> take();

 private:
  void add_one(std::string_view value);
  std::vector<std::string> values_;
};

/// The bytes of `text` that hold secrets written literally: values of secret keys,
/// headers, credentials in URLs and arguments.  `root` is its tree.
std::vector<Span> secret_spans(std::string_view text, const Node& root);

}  // namespace mcpctl::config
