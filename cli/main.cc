#include <fcntl.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "loop/null_device.h"
#include "signals/warden.h"

namespace {

/// Where a standard stream is missing, what we open next would take its number, and
/// our words would go there.
void fill_missing_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    const int null = mcpctl::loop::open_null_device().release();  // the lowest free number
    ::fcntl(null, F_SETFD, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_missing_streams();
  const auto command = [=] { return mcpctl::cli::run_command_line(argc, argv); };
  return mcpctl::cli::has_warden(argc, argv) ? mcpctl::signals::run_guarded(command) : command();
}
