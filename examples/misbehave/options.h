// What the command line asked for.  The modes of misbehave.cc set the switches, the
// options set the amounts; everything else only reads them.
#pragma once
#include <csignal>
#include <string>

namespace misbehave {

/// Which revisions of MCP the server admits to (2026-07-28 is the first modern one).
enum class Era { legacy, modern, both };

struct Options {
  // Switches.
  Era era{Era::legacy};
  bool speaks_mcp{true};
  bool ignores_eof{false};
  bool answers_initialize{true};
  bool answers_ping{true};
  bool answers_tools_list{true};
  bool has_tools{true};
  bool exits_in_handshake{false};
  bool insists_on_initialize{false};
  bool dies_when_ready{false};
  bool one_at_a_time{false};  ///< `sleep` blocks every other answer
  bool garbage_on_stdout{false};
  bool huge_answers{false};
  bool hangs{false};
  bool asks_for_roots{false};
  bool insists_on_roots{false};  ///< asks even a client that declares none
  bool announces_changes{false};
  bool exits_on_term{false};  ///< instead of dying by the signal
  bool slow_to_leave{false};
  bool spins{false};
  bool forgets_environment{false};

  // Amounts; milliseconds unless said otherwise.
  long after{0};
  long start_delay{0};
  long exit_delay{59'000};
  long interval{100};
  long linger{120'000};  ///< what it leaves behind ends itself after this
  long bytes{1 << 20};
  long line{0};     ///< bytes per line of a flood
  long limit{200};  ///< processes, or links of a chain
  long count{1};    ///< requests, processes or messages
  long mib{100};
  int code{-1};  ///< exit status; -1: the mode's own default
  int signal{SIGSEGV};
  int fd{3};
  int port{0};  ///< 0: $PORT
  std::string text{"server is ready"};
  std::string pids;  ///< file that lists every process made
  std::string held;  ///< file that is locked while one of us lives

  int code_or(int otherwise) const { return code < 0 ? otherwise : code; }
};

}  // namespace misbehave
