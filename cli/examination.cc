#include "cli/examination.h"

#include <utility>

namespace mcpctl::cli {

void Notes::add(Finding::Level level, std::string about, std::string text, std::string advice) {
  is_clean_ = is_clean_ && level == Finding::Level::ok;
  findings_.push_back({level, check_, std::move(about), std::move(text), std::move(advice)});
}

std::vector<Finding> examine(const Subject& subject) {
  std::vector<Finding> findings;
  const auto look = [&](const Check& check) {
    Notes notes{check.name, findings};
    check.look(subject, notes);
  };
  for (const Check& check : config_checks()) look(check);
  for (const Check& check : machine_checks()) look(check);
  return findings;
}

}  // namespace mcpctl::cli
