// Single JSON values into single C++ values, with the complaint when they do not
// fit.  Knows where in the settings it reads ("liveness.interval"), expands ${…},
// and remembers what was missing.  One Values reads one server, or the top of a file.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/expand.h"
#include "config/secrets.h"
#include "config/source_text.h"

namespace mcpctl::config {

/// Where each setting stands that some file gives: "liveness.port" -> its value.
using Places = std::map<std::string, Place, std::less<>>;

class Values {
 public:
  /// Borrows all of them.
  Values(const SourceText& source, const Scope& scope, Report& report, SecretStore& secrets);

  /// While it lives, values belong to `name` of what was read before.
  class Within {
   public:
    Within(Values& values, std::string_view name, const Node& node);
    ~Within() { values_.path_.resize(length_); }
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    Values& values_;
    std::size_t length_;
  };

  const std::string& path() const { return path_; }
  const Scope& scope() const { return scope_; }
  Places& places() { return places_; }
  SecretStore& secrets() { return secrets_; }
  Place place(const Node& node) const { return {&source_, node.span}; }
  Place place(Span span) const { return {&source_, span}; }

  /// `message` is put behind the path: "liveness.interval: …".
  void error(const Node& at, const std::string& message, std::string suggestion = {});
  void warning(const Node& at, const std::string& message, std::string suggestion = {});
  void expected(const Node& at, std::string_view what, std::string suggestion = {});
  void unknown_key(const Member& at, std::string_view owner, std::string suggestion);

  // Each leaves `into` alone and returns false when the value does not fit; the
  // problem is reported (or was, by the parser).
  bool boolean(const Node& node, bool& into);
  bool integer(const Node& node, std::int64_t least, std::int64_t most, std::int64_t& into);
  bool duration(const Node& node, Duration least, Duration& into);
  bool size(const Node& node, std::uint64_t& into);
  bool object(const Node& node);
  bool array(const Node& node, std::string_view of);
  bool literal(const Node& node, std::string& into);  ///< as written
  bool text(const Node& node, std::string& into);     ///< expanded
  /// As text(), but false too when a variable is missing: what is left of the text
  /// must not be judged.
  bool resolved(const Node& node, std::string& into);
  bool texts(const Node& node, std::vector<std::string>& into);

  /// Expands text that is no Node of its own.
  std::string expanded(const Node& at, std::string_view text);

  /// A reason why what is being read cannot be used; not the user's error.
  void miss(std::string why);
  const std::vector<std::string>& missing() const { return missing_; }
  bool uses_port() const { return uses_port_; }

 private:
  std::string prefix() const { return path_.empty() ? "" : path_ + ": "; }

  const SourceText& source_;
  const Scope& scope_;
  Report& report_;
  SecretStore& secrets_;
  Places places_;
  std::string path_;
  std::vector<std::string> missing_;
  bool uses_port_{false};
};

}  // namespace mcpctl::config
