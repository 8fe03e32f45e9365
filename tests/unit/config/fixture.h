// A small world to read configurations in, and the shortest way to read one.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "config/reader.h"

namespace mcpctl::config {

struct TestWorld {
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;

  World world() const {
    return {[this](std::string_view name) -> std::optional<std::string> {
              const auto found = environment.find(std::string{name});
              if (found == environment.end()) return std::nullopt;
              return found->second;
            },
            [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end()) return failure("no such file");
              return found->second;
            },
            [](const std::string& user, const std::string& group) -> Result<Identity> {
              if (user != "nobody" && user != "65534") return failure("no such user");
              if (!group.empty() && group != "nogroup" && group != "65534") {
                return failure("no such group");
              }
              return Identity{65534, 65534, {}, user, "/nonexistent"};
            },
            "/home/ann"};
  }

  Reading read(std::string text, std::string path = "/srv/app/mcp.json") const {
    const std::vector<Source> sources{{std::move(path), std::move(text)}};
    return config::read(sources, world());
  }
};

/// Every problem as an operator sees it.
inline std::string shown(const Reading& reading) {
  std::string text;
  for (const Problem& problem : reading.problems) text += render(problem);
  return text;
}

/// The text as one server "a" that runs "a", with `settings` as its x-mcpctl.
inline std::string with_settings(const std::string& settings) {
  return "{\"mcpServers\": {\"a\": {\"command\": \"a\", \"x-mcpctl\":\n" + settings + "\n}}}";
}

}  // namespace mcpctl::config
