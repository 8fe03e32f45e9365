// The checks of `mcpctl doctor`: each a small function that looks at one thing and
// writes down what it found.  They change nothing, but for making the folder of sockets.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/finding.h"
#include "config/reader.h"

namespace mcpctl::cli {

/// What is examined.  Without a configuration only the machine is.
struct Subject {
  config::Reading reading;
  std::vector<std::string> files;
  std::string no_config;   ///< why there is no configuration; empty: there is one
  bool is_running{false};  ///< a supervisor of this fleet answers: its ports are taken
};

/// Collects the findings of one check.
class Notes {
 public:
  Notes(std::string_view check, std::vector<Finding>& findings)
      : check_(check), findings_(findings) {}
  void ok(std::string text) { add(Finding::Level::ok, "", std::move(text), ""); }
  void warning(std::string about, std::string text, std::string advice) {
    add(Finding::Level::warning, std::move(about), std::move(text), std::move(advice));
  }
  void problem(std::string about, std::string text, std::string advice) {
    add(Finding::Level::problem, std::move(about), std::move(text), std::move(advice));
  }
  /// Nothing but `ok` was noted so far.
  bool is_clean() const { return is_clean_; }

 private:
  void add(Finding::Level level, std::string about, std::string text, std::string advice);

  std::string check_;
  std::vector<Finding>& findings_;
  bool is_clean_{true};
};

struct Check {
  std::string_view name;
  void (*look)(const Subject&, Notes&);
};

/// In the order of the report: the configuration's, then the machine's.
std::span<const Check> config_checks();
std::span<const Check> machine_checks();

std::vector<Finding> examine(const Subject& subject);

/// "@scope/name" of "@scope/name@1.2"; empty for what is no package of the registry.
std::string package_name(std::string_view argument);
/// What npx would run: its first argument that is no option.
std::string npx_package(std::span<const std::string> args);

}  // namespace mcpctl::cli
