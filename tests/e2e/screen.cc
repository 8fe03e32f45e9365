#include "screen.h"

#include <utility>

namespace mcpctl::e2e {

bool Screen::is_available(Fleet& fleet) {
  if (fleet.run_beside({"sh", "-c", "command -v tmux"}).exit_code == 0) return true;
  MESSAGE("skipped: tmux is not installed");
  return false;
}

Screen::Screen(Fleet& fleet, const std::string& script, int columns, int rows) : fleet_(fleet) {
  const Outcome made = tmux({"new-session", "-d", "-x", std::to_string(columns), "-y",
                             std::to_string(rows), "sh", "-c", script});
  REQUIRE_MESSAGE(made.exit_code == 0, made.err);
}

Screen::~Screen() { tmux({"kill-server"}); }

void Screen::type(const std::vector<std::string>& keys) {
  std::vector<std::string> words{"send-keys"};
  words.insert(words.end(), keys.begin(), keys.end());
  CHECK(tmux(std::move(words)).exit_code == 0);
}

void Screen::resize(int columns, int rows) {
  CHECK(tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)})
            .exit_code == 0);
}

std::string Screen::text() { return tmux({"capture-pane", "-p"}).out; }

void Screen::await(const std::string& part) {
  const bool came = eventually([&] { return shows(part); });
  const std::string seen = text();
  INFO(seen);
  REQUIRE_MESSAGE(came, "never on the screen: ", part);
}

Outcome Screen::tmux(std::vector<std::string> words) {
  const std::vector<std::string> front{"tmux", "-u", "-f", "/dev/null", "-S", fleet_.file("tmux")};
  words.insert(words.begin(), front.begin(), front.end());
  return fleet_.run_beside(std::move(words));
}

}  // namespace mcpctl::e2e
