// The users' mcp.json files into a Config, or into the list of everything that is
// wrong with them.  Pure: reads no file and no environment but through the World.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "config/world.h"

namespace mcpctl::config {

struct Source {
  std::string path;  ///< absolute; relative paths in the file start at its folder
  std::string text;  ///< any bytes
};

struct Reading {
  Config config;                  ///< to be used only without errors
  std::vector<Problem> problems;  ///< in the order of the files and lines
  bool has_errors() const;
};

/// Merges the files in order: a later server of the same name replaces the earlier
/// whole; the keys of the top-level "x-mcpctl" are merged one by one.  A server that
/// lacks a variable or an envFile goes to Config::unusable, as does what depends on
/// it, and is no error.  Every name in a `depends_on` is that of a server in `servers`.
Reading read(std::span<const Source> sources, const World& world);

/// The fleet's name when the files give none: from the folder of the first, and
/// stable ("weather-1f00aa").
std::string derived_name(const std::string& path, const World& world);

}  // namespace mcpctl::config
