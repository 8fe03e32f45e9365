#include "cli/file_arguments.h"

#include <CLI/CLI.hpp>

namespace mcpctl::cli {

void FileArguments::declare(CLI::App& app) {
  app.add_option("file", argument_, "The configuration, as -c FILE")->type_name("FILE");
  app.add_option("-c,--config", options_, "A configuration; several are merged")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
}

std::vector<std::string> FileArguments::all() const {
  std::vector<std::string> files;
  if (!argument_.empty()) files.push_back(argument_);
  files.insert(files.end(), options_.begin(), options_.end());
  return files;
}

}  // namespace mcpctl::cli
