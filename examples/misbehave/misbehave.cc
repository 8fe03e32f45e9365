// misbehave: an MCP server that does, on request, what real servers do to their
// supervisor.  Without a mode it is a well-behaved stdio server of the legacy era with a
// few tools; every --mode adds one misdeed, and they combine.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "deeds.h"
#include "inspect.h"
#include "json_text.h"
#include "options.h"
#include "server.h"

namespace misbehave {

namespace {

void ignore_term() { std::signal(SIGTERM, SIG_IGN); }

int port_of(const Options& options) {
  const char* assigned = std::getenv("PORT");
  if (options.port > 0 || assigned == nullptr) return options.port;
  return static_cast<int>(number(assigned, 0));
}

/// Reports every `interval` that it is still busy, as a package download would.
void noisy_start(Options& options, Server&) {
  const long end = now_ms() + options.start_delay;
  for (int step = 1; now_ms() < end; ++step) {
    write_all(STDERR_FILENO, "misbehave: still starting, step " + std::to_string(step) + "\n");
    sleep_ms(options.interval);
  }
}

void binary_stderr(Options&, Server&) {
  using namespace std::string_view_literals;
  write_all(STDERR_FILENO,
            "NUL\0in the line\n\xc3\x28 bad UTF-8\n\xf0\x9f\x92 cut short\n"
            "\x1b[31mred\x1b[0m \x07 bell\r\n\xed\xa0\x80 surrogate\n"sv);
}

void open_listener(Options& options, Server& server, Welcome welcome) {
  server.in(options.start_delay,
            [&options, &server, welcome] { server.listen(port_of(options), welcome); });
}

void members(Options& options, void (*make)(const Options&)) {
  for (long i = 0; i < options.count; ++i) make(options);
}

struct Mode {
  std::string_view name;
  std::string_view what;
  void (*apply)(Options&, Server&);
};

// In --help's order.  A mode acts before the first message is read, or sets a switch
// that the server consults, or leaves a timer with it.
using O = Options;
using S = Server;
constexpr Mode modes[] = {
    // The end of the process.
    {"ignore-term", "ignores SIGTERM", [](O&, S&) { ignore_term(); }},
    {"ignore-eof", "stays when stdin ends", [](O& o, S&) { o.ignores_eof = true; }},
    {"stubborn", "both", [](O& o, S&) { ignore_term(), o.ignores_eof = true; }},
    {"exit-on-term", "exits --code (0) on SIGTERM", [](O& o, S&) { o.exits_on_term = true; }},
    {"slow-exit", "leaves --exit-delay after SIGTERM or end of input",
     [](O& o, S&) { o.slow_to_leave = true; }},
    {"exit", "exits --code (1) after --after",
     [](O& o, S& s) { s.in(o.after, [&o] { _exit(o.code_or(1)); }); }},
    {"crash", "raises --signal (SEGV) after --after",
     [](O& o, S& s) { s.in(o.after, [&o] { raise(o.signal); }); }},
    {"stop-self", "stops itself (SIGSTOP) after --after",
     [](O& o, S& s) { s.in(o.after, [] { raise(SIGSTOP); }); }},
    {"lingering", "exits 0 after --linger", [](O& o, S& s) { s.in(o.linger, [] { _exit(0); }); }},
    // Other processes; --pids lists them.
    {"member", "forks --count group members that ignore SIGTERM; obeys it itself",
     [](O& o, S&) { members(o, fork_member); }},
    {"session-child", "forks --count stubborn helpers in sessions of their own",
     [](O& o, S&) { members(o, fork_session); }},
    {"daemon", "double-forks --count stubborn daemons", [](O& o, S&) { members(o, fork_daemon); }},
    {"bare", "daemons and helpers also lose their environment (put it first)",
     [](O& o, S&) { o.forgets_environment = true; }},
    {"chain", "a process replaced every --interval by a fork in a new session",
     [](O& o, S&) { fork_chain(o); }},
    {"bomb", "processes double every --interval until --limit were made",
     [](O& o, S&) { fork_bomb(o); }},
    {"hold-stdout", "a grandchild keeps stdout open; says so on stderr after our end",
     [](O& o, S&) { members(o, fork_holder); }},
    // Output.
    {"flood-stderr", "writes --bytes to stderr, lines of --line (80)",
     [](O& o, S& s) { s.flood(STDERR_FILENO, o.bytes, o.line > 0 ? o.line : 80); }},
    {"flood-stdout", "the same to stdout: not MCP",
     [](O& o, S& s) { s.flood(STDOUT_FILENO, o.bytes, o.line > 0 ? o.line : 80); }},
    {"endless-line", "writes --bytes to stderr without a newline",
     [](O& o, S& s) { s.flood(STDERR_FILENO, o.bytes, 0); }},
    {"endless-stdout", "the same to stdout",
     [](O& o, S& s) { s.flood(STDOUT_FILENO, o.bytes, 0); }},
    {"binary-stderr", "NUL, invalid UTF-8 and escape sequences on stderr", binary_stderr},
    {"garbage-stdout", "lines that are no JSON-RPC before every message",
     [](O& o, S&) { o.garbage_on_stdout = true; }},
    {"huge-answers", "tool results grow by --mib", [](O& o, S&) { o.huge_answers = true; }},
    {"close-stdout", "closes stdout and lives", [](O&, S&) { close(STDOUT_FILENO); }},
    {"close-stdio", "closes stdin, stdout and stderr, and lives",
     [](O& o, S&) {
       o.speaks_mcp = false;
       for (const int fd : {0, 1, 2}) close(fd);
     }},
    {"log-line", "writes --text to stderr after --after",
     [](O& o, S& s) { s.in(o.after, [&o] { write_all(STDERR_FILENO, o.text + '\n'); }); }},
    {"chatter", "writes a line of --line (80) bytes to stderr every --interval",
     [](O& o, S& s) {
       const auto length = static_cast<std::size_t>(o.line > 1 ? o.line : 80);
       s.every(o.interval,
               [line = std::string(length - 1, 'c') + '\n'] { write_all(STDERR_FILENO, line); });
     }},
    // Start and handshake.
    {"slow-start", "reads nothing for --start-delay", [](O& o, S&) { sleep_ms(o.start_delay); }},
    {"noisy-start", "the same, with progress on stderr every --interval", noisy_start},
    {"exit-in-handshake", "exits --code (1) on initialize",
     [](O& o, S&) { o.exits_in_handshake = true; }},
    {"no-initialize", "never answers initialize or server/discover",
     [](O& o, S&) { o.answers_initialize = false; }},
    {"ready-then-die", "exits --code (1) --after after the handshake",
     [](O& o, S&) { o.dies_when_ready = true; }},
    {"initialize-first", "dies if the first message is another",
     [](O& o, S&) { o.insists_on_initialize = true; }},
    {"modern", "knows only MCP 2026-07-28", [](O& o, S&) { o.era = Era::modern; }},
    {"dual-era", "knows both eras", [](O& o, S&) { o.era = Era::both; }},
    // Serving.
    {"no-ping", "never answers ping", [](O& o, S&) { o.answers_ping = false; }},
    {"no-tools-list", "never answers tools/list", [](O& o, S&) { o.answers_tools_list = false; }},
    {"no-tools", "offers no tools", [](O& o, S&) { o.has_tools = false; }},
    {"one-at-a-time", "answers nothing while the tool `sleep` runs",
     [](O& o, S&) { o.one_at_a_time = true; }},
    {"hang", "answers --count requests, then nothing; does not even see stdin end",
     [](O& o, S&) { o.hangs = true; }},
    {"roots",
     "sends roots/list after the handshake to a client that has roots; unanswered, it "
     "leaves --exit-delay after end of input",
     [](O& o, S&) { o.asks_for_roots = true; }},
    {"roots-anyway", "the same to every client", [](O& o, S&) { o.insists_on_roots = true; }},
    {"list-changed", "announces --count changed tool lists after the handshake",
     [](O& o, S&) { o.announces_changes = true; }},
    // Resources.
    {"eat-memory", "takes --mib after --after",
     [](O& o, S& s) { s.in(o.after, [&o] { eat_memory(o.mib); }); }},
    {"spin", "burns a processor while serving", [](O& o, S&) { o.spins = true; }},
    // Without MCP, and beside it.
    {"process", "speaks no MCP; reads nothing, lives until SIGTERM",
     [](O& o, S&) { o.speaks_mcp = false; }},
    {"inspect", "prints what it inherited as JSON on stdout and exits",
     [](O&, S&) {
       write_all(STDOUT_FILENO, inheritance() + '\n');
       _exit(0);
     }},
    {"notify", "sd_notify READY=1 after --start-delay",
     [](O& o, S& s) { s.in(o.start_delay, [] { notify("READY=1"); }); }},
    {"watchdog", "sd_notify WATCHDOG=1 every --interval, until --after (0: for ever)",
     [](O& o, S& s) {
       s.every(o.interval, [&o, end = now_ms() + o.after] {
         if (o.after == 0 || now_ms() < end) notify("WATCHDOG=1");
       });
     }},
    {"notify-fd", "writes a newline to descriptor --fd after --start-delay",
     [](O& o, S& s) { s.in(o.start_delay, [&o] { write_all(o.fd, "\n"), close(o.fd); }); }},
    {"listen", "listens on --port after --start-delay, hangs up on everybody",
     [](O& o, S& s) { open_listener(o, s, Welcome::hang_up); }},
    {"listen-silent", "the same, accepts and says nothing",
     [](O& o, S& s) { open_listener(o, s, Welcome::silence); }},
    {"listen-http", "the same, answers 200",
     [](O& o, S& s) { open_listener(o, s, Welcome::http_ok); }},
    {"listen-http-503", "the same, answers 503",
     [](O& o, S& s) { open_listener(o, s, Welcome::http_error); }},
    {"listen-trickle", "the same, answers 200 at one byte a second",
     [](O& o, S& s) { open_listener(o, s, Welcome::trickle); }},
};

struct Amount {
  std::string_view name;
  std::string_view what;
  void (*set)(Options&, std::string_view);
};

constexpr Amount amounts[] = {
    {"after", "MS, default 0", [](O& o, std::string_view v) { o.after = number(v, 0); }},
    {"start-delay", "MS, default 0",
     [](O& o, std::string_view v) { o.start_delay = number(v, 0); }},
    {"exit-delay", "MS, default 59000",
     [](O& o, std::string_view v) { o.exit_delay = number(v, 0); }},
    {"interval", "MS, default 100", [](O& o, std::string_view v) { o.interval = number(v, 0); }},
    {"linger", "MS, default 120000; what was left behind ends itself then",
     [](O& o, std::string_view v) { o.linger = number(v, 0); }},
    {"bytes", "default 1048576", [](O& o, std::string_view v) { o.bytes = number(v, 0); }},
    {"line", "bytes, newline included", [](O& o, std::string_view v) { o.line = number(v, 0); }},
    {"limit", "processes, default 200", [](O& o, std::string_view v) { o.limit = number(v, 0); }},
    {"count", "default 1", [](O& o, std::string_view v) { o.count = number(v, 0); }},
    {"mib", "MiB, default 100", [](O& o, std::string_view v) { o.mib = number(v, 0); }},
    {"code", "exit status",
     [](O& o, std::string_view v) { o.code = static_cast<int>(number(v, 0)); }},
    {"signal", "number, default 11",
     [](O& o, std::string_view v) { o.signal = static_cast<int>(number(v, 0)); }},
    {"fd", "descriptor, default 3",
     [](O& o, std::string_view v) { o.fd = static_cast<int>(number(v, 0)); }},
    {"port", "default $PORT",
     [](O& o, std::string_view v) { o.port = static_cast<int>(number(v, 0)); }},
    {"text", "default \"server is ready\"", [](O& o, std::string_view v) { o.text = v; }},
    {"pids", "FILE; every process made appends \"ROLE PID\"",
     [](O& o, std::string_view v) { o.pids = v; }},
    {"held", "FILE; locked (flock) as long as one of its processes lives",
     [](O& o, std::string_view v) { o.held = v; }},
};

int help() {
  std::printf(
      "usage: misbehave [--mode=MODE ...] [--OPTION=VALUE ...]\n\n"
      "An MCP server over stdio that does what real servers do to their supervisor.\n"
      "Without a mode it behaves.  Modes combine, in the order given.\n\nmodes:\n");
  for (const Mode& mode : modes) {
    std::printf("  %-18s %s\n", mode.name.data(), mode.what.data());
  }
  std::printf("\noptions:\n");
  for (const Amount& amount : amounts) {
    std::printf("  --%-16s %s\n", amount.name.data(), amount.what.data());
  }
  return 0;
}

int refuse(std::string_view argument) {
  std::fprintf(stderr, "misbehave: unknown argument '%.*s' (see --help)\n",
               static_cast<int>(argument.size()), argument.data());
  return 2;
}

int main(int argc, char** argv) {
  remember_inheritance(argc, argv);
  Options options;
  std::vector<const Mode*> chosen;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument{argv[i]};
    if (argument == "--help") return help();
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string_view::npos) return refuse(argument);
    const std::string_view name = argument.substr(2, equals - 2);
    const std::string_view value = argument.substr(equals + 1);
    bool known = false;
    for (const Amount& amount : amounts) {
      if (name == amount.name) amount.set(options, value), known = true;
    }
    for (const Mode& mode : modes) {
      if (name == "mode" && value == mode.name) chosen.push_back(&mode), known = true;
    }
    if (!known) return refuse(argument);
  }
  record(options, "leader", getpid());
  hold(options);
  Server server{options};
  for (const Mode* mode : chosen) mode->apply(options, server);
  return server.run();
}

}  // namespace

}  // namespace misbehave

int main(int argc, char** argv) { return misbehave::main(argc, argv); }
