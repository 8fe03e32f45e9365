// A fleet under `mcpctl run`, looked at from outside: its processes in /proc, its
// files, its exit code, its socket.  Every test ends with the proof that no process
// with the fleet's cookie is left; a failed test prints what mcpctl said.
#pragma once
#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processes.h"
#include "program.h"
#include "waiting.h"

namespace mcpctl::e2e {

/// In the order of the file, which is the order of the fleet.
using Json = nlohmann::ordered_json;

inline const std::string mcpctl_binary = MCPCTL_BINARY_DIR "/mcpctl";
inline const std::string misbehave_binary = MCPCTL_BINARY_DIR "/examples/misbehave";

/// An entry of "mcpServers": misbehave with these modes ("stubborn") and options
/// ("--after=10"); `ours` is its x-mcpctl.
Json misbehaving(const std::vector<std::string>& deeds, Json ours = Json::object());
/// The same as a companion without MCP.
Json companion(const std::vector<std::string>& deeds, Json ours = Json::object());

/// x-mcpctl for "stop": the rungs' lengths.
Json ladder(std::string_view eof, std::string_view term);

/// A fleet's x-mcpctl with short durations: rungs of `rung` each, restarts at once.
Json quick(std::string_view rung = "400ms");

/// What to start `mcpctl run` with: nothing; in the second round of a test (doctest's
/// subcases) what hides control groups, as a container with a read-only /sys does.
std::vector<std::string> with_and_without_control_groups();

/// Whether this run of the tests starts every fleet as PID 1 of a pid namespace, as
/// the entry point of a container: the variable MCPCTL_E2E_AS_INIT says so.
bool as_init();

struct Ended {
  int exit_code{-1};
  Milliseconds took{0};
};

class Fleet {
 public:
  /// Writes the configuration; nothing runs yet.  `ours` is the fleet's x-mcpctl.
  explicit Fleet(Json servers, Json ours = Json::object());
  /// Kills what is still there; fails the test if anything escaped that.
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // The configuration, as written; write() makes it so.
  Json& servers() { return config_["mcpServers"]; }
  Json& ours() { return config_["x-mcpctl"]; }
  void write();
  void write_text(const std::string& text) { write_file(config_file(), text); }

  const std::string& name() const { return name_; }
  std::string config_file() const { return folder_.file("mcp.json"); }
  std::string socket() const { return folder_.file("run/mcpctl/" + name_ + ".sock"); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  const std::string& folder() const { return folder_.path(); }
  void set_variable(std::string name, std::string value);

  /// Starts `mcpctl run`, in front of it `before` (unshare …).
  void start(std::vector<std::string> arguments = {}, std::vector<std::string> before = {});
  void start_on_terminal();
  Program& program() { return *program_; }
  pid_t warden() { return program_->pid(); }
  /// The warden's child; `nobody` while there is none.
  pid_t supervisor();
  /// Ends with a signal (none: waits only) and proves that nothing is left at that
  /// very moment.
  Ended stop(int signal = SIGTERM);
  /// For the second of two ends that nothing may survive for longer than `limit`.
  void expect_nothing_left(Milliseconds limit = 0ms);
  std::vector<Process> processes() const { return carrying_cookie(name_ + "/"); }
  /// Of one server, its escaped helpers included.
  std::vector<Process> processes_of(const std::string& server) const;
  /// recorded_pids of a server of this fleet, as they are called out here.
  std::vector<pid_t> made(const std::string& file, std::string_view role = "");
  /// What the process that the fleet knows as `inside` is called out here: the same,
  /// unless the fleet has a pid namespace of its own.
  pid_t outside(pid_t inside);

  /// What the door says: the same as `mcpctl ps --json`, but with the pids as they
  /// are called out here.  Null while nobody answers.
  Json status();
  /// One server of it; null if there is none.
  Json server(const std::string& name);
  std::string state(const std::string& name);
  /// `nobody` between two processes, too.
  pid_t pid(const std::string& name);
  /// Fails the test when the deadline passes.
  void await(const std::string& server, const std::string& state);
  void await_all(const std::string& state);
  void await_that(const std::string& server, const std::function<bool(const Json&)>& condition);
  /// Its "why" has `part` in it.
  void await_why(const std::string& server, std::string_view part);
  /// A new process of `server` is ready.
  void await_restart(const std::string& server, pid_t former);

  /// Every transition so far, oldest first, as the run wrote it ("server", "from",
  /// "to", "why", "pid", …).
  std::vector<Json> transitions() const;
  /// Everything that the run wrote, to stdout and to stderr.
  std::string output() const;
  bool said(std::string_view text) const { return output().find(text) != std::string::npos; }
  void await_words(std::string_view text);
  /// How many descriptors the supervisor holds once it has the last that its start opens, a
  /// moment after the servers: the watch on its socket file.  Never too few; one or two too
  /// many while it looks through /proc for what a former run left.
  std::size_t settled_descriptors();

  /// Any command of mcpctl about this fleet: control({"ps", "--json"}).
  Outcome control(std::vector<std::string> words, Milliseconds limit = patience);
  /// Any program in the fleet's folder and environment.
  Outcome run_beside(std::vector<std::string> words, Milliseconds limit = patience);
  /// A request to the door as curl would send it; the body of the answer, "" if
  /// nobody answers.
  std::string request(const std::string& method, const std::string& path) const;

 private:
  Launch launch(std::vector<std::string> words) const;

  Folder folder_;
  std::string name_;
  Json config_;
  Variables extra_;
  std::optional<Program> program_;
  std::map<pid_t, pid_t> outside_;  // of the processes of a pid namespace seen so far
};

}  // namespace mcpctl::e2e
