#include "cli/command.h"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <string>

namespace mcpctl::cli {
namespace {

void write_all(int number, std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = ::write(number, text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) {  // whoever shares the descriptor wants it so
      pollfd room{.fd = number, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
      continue;
    }
    if (length < 0) return;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

}  // namespace

void add_fleet_options(CLI::App& app, FleetChoice& choice) {
  app.add_option("-c,--config", choice.files, "The fleet that runs from FILE")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--fleet", choice.name, "The fleet of this name")->type_name("NAME");
}

int complain(std::string_view message, int exit_code) {
  write_all(STDERR_FILENO, "mcpctl: " + std::string{message} + "\n");
  return exit_code;
}

void print(std::string_view text) { write_all(STDOUT_FILENO, text); }

}  // namespace mcpctl::cli
