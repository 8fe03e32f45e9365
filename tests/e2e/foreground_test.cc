// What `mcpctl run` shows a person: who takes long, and why somebody crashed.
#include <doctest/doctest.h>

#include <string>

#include "fleet.h"
#include "text.h"

using namespace mcpctl::e2e;

namespace {

Json shell(const std::string& script, Json ours = Json::object()) {
  ours["kind"] = "process";
  return {{"command", "sh"}, {"args", {"-c", script}}, {"x-mcpctl", ours}};
}

bool shows(Fleet& fleet, const std::string& text) {
  return fleet.program().terminal_text().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a start that takes long is told after three seconds, a quick one never") {
  Fleet fleet{
      Json{{"slow", misbehaving({"slow-start", "--start-delay=4500"})}, {"quick", misbehaving({})}},
      quick()};
  fleet.set_variable("NO_COLOR", "1");
  fleet.start_on_terminal();

  CHECK(eventually([&] { return shows(fleet, "for 3s"); }));
  fleet.await("slow", "ready");

  const std::string text = fleet.program().terminal_text();
  CHECK(count(text, "for 3s") == 1);
  CHECK(count(text, "slow  * starting") == 2);
  CHECK(count(text, "quick * starting") == 1);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a crash is shown with its reason, and its last words if others have talked over them") {
  Fleet fleet{Json{{"crasher", shell("echo cannot open database >&2; sleep 1; exit 3")},
                   {"chatty", shell("i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo chat $i >&2; "
                                    "done; exec sleep 1000")},
                   {"silent", shell("echo just so >&2; exit 4", {{"restart", "never"}})}},
              quick()};
  fleet.set_variable("NO_COLOR", "1");
  fleet.start_on_terminal();

  CHECK(eventually([&] { return shows(fleet, "backoff   exit code 3 after 1s"); }));
  CHECK(eventually([&] { return shows(fleet, "crasher ! cannot open database"); }));
  CHECK(shows(fleet, "silent  ! just so"));
  CHECK(fleet.stop().exit_code == 0);
}
