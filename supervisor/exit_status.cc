#include "supervisor/exit_status.h"

#include <csignal>
#include <string_view>

namespace mcpctl::supervisor {
namespace {

/// What a code means by convention: sysexits.h, and the shell's own 125–127.
std::string_view meaning(int code) {
  switch (code) {
    case 64: return "usage error";
    case 69: return "service unavailable";
    case 70: return "internal software error";
    case 71: return "system error";
    case 77: return "permission denied";
    case 78: return "configuration error";
    case 125: return "wrapper failed";
    case 126: return "command found but not executable";
    case 127: return "command not found";
    default: return "";
  }
}

}  // namespace

std::string signal_name(int signal) {
  switch (signal) {
    case SIGHUP: return "SIGHUP";
    case SIGINT: return "SIGINT";
    case SIGQUIT: return "SIGQUIT";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGKILL: return "SIGKILL";
    case SIGUSR1: return "SIGUSR1";
    case SIGSEGV: return "SIGSEGV";
    case SIGUSR2: return "SIGUSR2";
    case SIGPIPE: return "SIGPIPE";
    case SIGALRM: return "SIGALRM";
    case SIGTERM: return "SIGTERM";
    case SIGXCPU: return "SIGXCPU";
    case SIGXFSZ: return "SIGXFSZ";
    case SIGSYS: return "SIGSYS";
    default: return "signal " + std::to_string(signal);
  }
}

std::string describe(const ExitStatus& status) {
  if (status.signal != 0) {
    std::string text = "killed by " + signal_name(status.signal);
    if (status.out_of_memory) return text + " (out of memory)";
    if (status.core_dumped) return text + " (core dumped)";
    return text;
  }
  std::string text = "exit code " + std::to_string(status.code);
  if (const std::string_view known = meaning(status.code); !known.empty()) {
    text.append(" (").append(known).append(")");
  }
  return text;
}

}  // namespace mcpctl::supervisor
