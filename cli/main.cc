#include <fcntl.h>
#include <unistd.h>

#include "cli/command_line.h"

namespace {

/// Where a standard stream is missing, what we open next would take its number, and
/// our words would go there.
void fill_missing_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) < 0) ::open("/dev/null", O_RDWR);  // takes the lowest free number
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_missing_streams();
  return mcpctl::cli::run_command_line(argc, argv);
}
