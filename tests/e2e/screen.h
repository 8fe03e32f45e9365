// A program on a real terminal (tmux): keys are typed, and what stands on the screen is
// read back.  Ends with its owner, and so does what ran in it.
#pragma once
#include <string>
#include <vector>

#include "fleet.h"

namespace mcpctl::e2e {

class Screen {
 public:
  /// False, and says so by name, where tmux is not installed.
  static bool is_available(Fleet& fleet);

  /// Runs `script` by sh in the fleet's environment.
  Screen(Fleet& fleet, const std::string& script, int columns = 80, int rows = 24);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Names of tmux: "j", "Down", "Enter", "Escape", "C-c".
  void type(const std::vector<std::string>& keys);
  void resize(int columns, int rows);
  std::string text();
  /// Fails the test when the deadline passes.
  void await(const std::string& text);
  bool shows(const std::string& part) { return text().find(part) != std::string::npos; }

 private:
  Outcome tmux(std::vector<std::string> words);
  Fleet& fleet_;
};

}  // namespace mcpctl::e2e
