// `mcpctl run --watch`: the developer's loop.  A saved file restarts the server that
// it is part of, once, and nobody else.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "fleet.h"

using namespace mcpctl::e2e;
namespace fs = std::filesystem;

namespace {

/// A server of which the source is a script.
Json scripted(const std::string& script, Json ours = Json::object()) {
  Json entry{{"command", "sh"}, {"args", Json::array({script})}};
  if (!ours.empty()) entry["x-mcpctl"] = std::move(ours);
  return entry;
}

void save(Fleet& fleet, const std::string& file, const std::string& text) {
  fs::create_directories(fs::path{fleet.file(file)}.parent_path());
  write_file(fleet.file(file), text);
}

const std::string healthy = "exec " + misbehave_binary + "\n";

long starts_of(const Fleet& fleet, const std::string& server) {
  const auto history = fleet.transitions();
  return std::ranges::count_if(history, [&](const Json& transition) {
    return transition["server"] == server && transition["to"] == "starting";
  });
}

}  // namespace

TEST_CASE("a saved file restarts its server, by name, and no other") {
  Fleet fleet{Json{{"math", scripted("math.sh")}, {"time", scripted("time.sh")}}, quick()};
  save(fleet, "math.sh", healthy);
  save(fleet, "time.sh", healthy);
  fleet.start({"--watch"});
  fleet.await_all("ready");
  const pid_t math = fleet.pid("math");
  const pid_t time = fleet.pid("time");

  save(fleet, "math.sh", "# edited\n" + healthy);
  fleet.await_restart("math", math);

  CHECK(fleet.said("restart: math.sh changed"));
  CHECK(fleet.server("math")["restarts"] == 0);  // it was asked for
  CHECK(fleet.pid("time") == time);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a storm of writes is one restart, and what is installed or hidden is none") {
  Fleet fleet{Json{{"math", scripted("src/math.sh")}}, quick()};
  save(fleet, "src/math.sh", healthy);
  fs::create_directories(fleet.file("src/node_modules"));
  fleet.start({"--watch"});
  fleet.await("math", "ready");
  const pid_t first = fleet.pid("math");

  for (int i = 0; i < 100; ++i) {
    save(fleet, "src/node_modules/" + std::to_string(i) + ".sh", "x");
    save(fleet, "src/.git/" + std::to_string(i) + ".sh", "x");
    save(fleet, "src/notes.txt", std::to_string(i));
  }
  CHECK(stays([&] { return fleet.pid("math") == first; }, 600ms));
  for (int i = 0; i < 100; ++i) save(fleet, "src/lib/" + std::to_string(i) + ".sh", "x");
  fleet.await_restart("math", first);

  const pid_t second = fleet.pid("math");
  CHECK(stays([&] { return fleet.pid("math") == second; }, 600ms));
  CHECK(starts_of(fleet, "math") == 2);
  CHECK(fleet.said("and 99 more changed"));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a repaired script starts at once, whatever the backoff") {
  Json ours = quick();
  ours["defaults"]["backoff"] = {{"initial", "10m"}, {"max", "10m"}};
  ours["defaults"]["crashLoop"] = {{"failures", 1}};
  Fleet fleet{Json{{"math", scripted("math.sh")}}, ours};
  save(fleet, "math.sh", "exit 3\n");
  fleet.start({"--watch"});
  fleet.await("math", "failed");

  save(fleet, "math.sh", healthy);

  fleet.await("math", "ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that was stopped stays so, whatever its files do") {
  Fleet fleet{Json{{"math", scripted("math.sh")}}, quick()};
  save(fleet, "math.sh", healthy);
  fleet.start({"--watch"});
  fleet.await("math", "ready");
  CHECK(fleet.control({"stop", "math"}).exit_code == 0);

  save(fleet, "math.sh", "# edited\n" + healthy);

  CHECK(stays([&] { return fleet.state("math") == "stopped"; }, 600ms));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("the watch setting is followed, and a reload changes it") {
  Fleet fleet{Json{{"math", scripted("math.sh", {{"watch", Json::array({"data/*.csv"})}})}},
              quick()};
  save(fleet, "math.sh", healthy);
  save(fleet, "data/one.csv", "1");
  fleet.start({"--watch"});
  fleet.await("math", "ready");
  const pid_t first = fleet.pid("math");

  save(fleet, "math.sh", "# edited\n" + healthy);
  CHECK(stays([&] { return fleet.pid("math") == first; }, 500ms));
  save(fleet, "data/one.csv", "2");
  fleet.await_restart("math", first);
  CHECK(fleet.said("restart: data/one.csv changed"));

  const pid_t second = fleet.pid("math");
  fleet.servers()["math"]["x-mcpctl"] = {{"watch", Json::array({"math.sh"})}};
  fleet.write();
  fleet.await_words("configuration reloaded: update math");  // by the watch itself
  CHECK(fleet.pid("math") == second);
  save(fleet, "math.sh", "# edited again\n" + healthy);
  fleet.await_restart("math", second);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a configuration that is broken while it is edited disturbs nobody") {
  Fleet fleet{Json{{"math", scripted("math.sh")}}, quick()};
  save(fleet, "math.sh", healthy);
  fleet.start({"--watch"});
  fleet.await("math", "ready");
  const pid_t first = fleet.pid("math");

  fleet.write_text("{ \"mcpServers\": ");
  fleet.await_words("the old one stays in force");
  CHECK(fleet.pid("math") == first);

  fleet.servers()["new"] = misbehaving({});
  fleet.write();
  fleet.await("new", "ready");
  CHECK(fleet.pid("math") == first);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("without --watch nothing is watched") {
  Fleet fleet{Json{{"math", scripted("math.sh")}}, quick()};
  save(fleet, "math.sh", healthy);
  fleet.start();
  fleet.await("math", "ready");
  const pid_t first = fleet.pid("math");

  save(fleet, "math.sh", "# edited\n" + healthy);

  CHECK(stays([&] { return fleet.pid("math") == first; }, 500ms));
  CHECK(fleet.stop().exit_code == 0);
}
