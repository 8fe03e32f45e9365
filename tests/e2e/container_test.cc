// The static binary as the entrypoint of a container: an empty root file system with
// nothing but it, a server and a configuration, in namespaces of its own.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fleet.h"

using namespace mcpctl::e2e;

namespace {

using Words = std::vector<std::string>;

const std::string static_binary = MCPCTL_BINARY_DIR "/static/mcpctl";
const std::string arbitrary_user = "64999";
const std::string nobody_can_command = "warning: nobody can command this fleet: ";

/// "" where this machine can run these tests; else what it lacks.
std::string missing_here() {
  if (!std::filesystem::exists(static_binary)) return "there is no static binary in this build";
  if (!may_make_namespaces()) return "making namespaces is not permitted here";
  const Folder folder;
  Launch trial;
  trial.argv = {"unshare", "--pid", "--mount", "--net", "--fork", "chroot", "/", "true"};
  trial.env = plain_environment(folder.path());
  if (run_to_end(trial).exit_code != 0) return "unshare and chroot do not work here";
  return "";
}

bool can_run() {
  const std::string missing = missing_here();
  if (!missing.empty()) MESSAGE("skipped: ", missing);
  return missing.empty();
}

/// What a container's run differs in.
struct Kind {
  bool read_only{false};
  bool arbitrary{false};   ///< a user that nothing in there belongs to
  bool has_folder{false};  ///< a tmpfs of that user for the sockets
  std::string streams{};   ///< redirections, as sh writes them
};

/// One of them: its root is a folder here.
class Container {
 public:
  explicit Container(Kind kind, Words command = {"run", "--log-format", "json", "-c", "/mcp.json"})
      : kind_(std::move(kind)) {
    ::chmod(root_.path().c_str(), 0755);
    std::filesystem::copy_file(static_binary, root_.file("mcpctl"));
    std::filesystem::copy_file(misbehave_binary, root_.file("server"));
    Json one = misbehaving({}), daemons = misbehaving({"daemon", "--count=2"});
    one["command"] = daemons["command"] = "/server";
    Json ours = quick();
    ours["name"] = name_;
    const Json config{{"mcpServers", {{"one", one}, {"daemons", daemons}}}, {"x-mcpctl", ours}};
    write_file(root_.file("mcp.json"), config.dump());
    if (kind_.has_folder) std::filesystem::create_directories(root_.file("run/mcpctl"));
    start(std::move(command));
  }
  ~Container() { CHECK(carrying_cookie(name_ + "/").empty()); }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  std::string out() const { return read_file(outside_.file("out")); }
  std::string err() const { return read_file(outside_.file("err")); }
  std::string root(const std::string& name) const { return root_.file(name); }
  std::string socket() const { return root_.file("run/mcpctl/" + name_ + ".sock"); }

  bool becomes_ready() {
    return eventually([&] {
      const std::string text = out();
      return text.find(
                 "\"server\":\"one\",\"incarnation\":1,\"from\":\"starting\",\"to\":\"ready\"") !=
                 text.npos &&
             text.find(
                 "\"server\":\"daemons\",\"incarnation\":1,\"from\":\"starting\",\"to\":"
                 "\"ready\"") != text.npos;
    });
  }

  /// As `docker exec` would run it.
  Outcome exec(const Words& words) {
    Launch inside;
    inside.argv = {"nsenter", "--target", std::to_string(first_process()), "--pid", "--mount",
                   "--net",   "--root"};
    if (kind_.arbitrary) inside.argv.insert(inside.argv.end(), {"-S", arbitrary_user});
    inside.argv.insert(inside.argv.end(), words.begin(), words.end());
    inside.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"XDG_RUNTIME_DIR", "/run"}};
    return run_to_end(inside);
  }

  /// As `docker stop` does.
  Ended stop() {
    const auto start = Clock::now();
    ::kill(first_process(), SIGTERM);
    return wait(start);
  }
  Ended wait(Clock::time_point start = Clock::now()) {
    const auto code = program_->wait();
    return {code.value_or(-1), since(start)};
  }

 private:
  void start(Words command) {
    std::string script = "set -e; CHROOT=$(command -v chroot)\n";
    if (kind_.read_only) {
      script += "mount --bind $ROOT $ROOT; mount -o remount,bind,ro $ROOT\n";
    }
    if (kind_.has_folder) {
      script += "mount -t tmpfs -o mode=0700,uid=" + arbitrary_user + " tmpfs $ROOT/run/mcpctl\n";
    }
    script += "exec env -i ";
    if (kind_.has_folder) script += "XDG_RUNTIME_DIR=/run ";
    script += "$CHROOT ";
    if (kind_.arbitrary) {
      script += "--userspec=" + arbitrary_user + ":" + arbitrary_user + " --groups= ";
    }
    script += "$ROOT /mcpctl \"$@\" " + kind_.streams;

    Launch launch;
    launch.argv = {"unshare",      "--pid", "--mount", "--net", "--fork",
                   "--kill-child", "sh",    "-c",      script,  "sh"};
    launch.argv.insert(launch.argv.end(), command.begin(), command.end());
    launch.env = plain_environment("/");
    launch.env.emplace_back("ROOT", root_.path());
    launch.cwd = "/";
    launch.stdout_file = outside_.file("out");
    launch.stderr_file = outside_.file("err");
    program_.emplace(launch);
  }

  pid_t first_process() {
    pid_t first = 0;
    eventually([&] {
      const std::vector<Process> children = children_of(program_->pid());
      if (!children.empty()) first = children.front().pid;
      return first != 0;
    });
    REQUIRE(first > 1);
    return first;
  }

  Kind kind_;
  Folder root_;
  Folder outside_;
  std::string name_{"container-" + root_.path().substr(root_.path().rfind('-') + 1)};
  std::optional<Program> program_;
};

}  // namespace

TEST_CASE("the static binary runs a fleet in an empty root, and is commanded there") {
  if (!can_run()) return;
  Container container{{}};
  REQUIRE_MESSAGE(container.becomes_ready(), container.out(), container.err());

  CHECK(container.err().find("warning") == std::string::npos);
  CHECK(container.exec({"/mcpctl", "wait", "--for", "ready", "--timeout", "20s"}).exit_code == 0);
  const Outcome told = container.exec({"/mcpctl", "ps", "--json"});
  CHECK(Json::parse(told.out)["servers"].size() == 2);
  CHECK(container.exec({"/mcpctl", "restart", "daemons"}).exit_code == 0);

  const Ended ended = container.stop();
  CHECK(ended.exit_code == 0);
  CHECK(ended.took < 8'500ms);
}

TEST_CASE("an arbitrary user on a read-only root gets a fleet that is told not to be commanded") {
  if (!can_run()) return;
  Kind kind;
  SUBCASE("read-only") { kind.read_only = true; }
  SUBCASE("an arbitrary user") { kind.arbitrary = true; }
  SUBCASE("both") { kind.read_only = kind.arbitrary = true; }
  Container container{kind};
  REQUIRE_MESSAGE(container.becomes_ready(), container.out(), container.err());

  CHECK(container.err().find(nobody_can_command) != std::string::npos);

  CHECK(container.stop().exit_code == 0);
}

TEST_CASE("a tmpfs for the sockets lets an arbitrary user on a read-only root command") {
  if (!can_run()) return;
  Container container{{.read_only = true, .arbitrary = true, .has_folder = true}};
  REQUIRE_MESSAGE(container.becomes_ready(), container.out(), container.err());

  CHECK(container.err().find(nobody_can_command) == std::string::npos);
  const Outcome told = container.exec({"/mcpctl", "ps"});
  CHECK(told.exit_code == 0);
  CHECK(told.out.find("daemons") != std::string::npos);

  CHECK(container.stop().exit_code == 0);
}

TEST_CASE("closed streams disturb no container") {
  if (!can_run()) return;
  Container container{{.streams = "<&- >&- 2>&-"}};
  const auto ready = [&] { return container.exec({"/mcpctl", "wait", "--timeout", "20s"}); };

  REQUIRE(eventually([&] { return ready().exit_code == 0; }));

  CHECK(container.stop().exit_code == 0);
  CHECK(container.out() + container.err() == "");
}

TEST_CASE("init runs its command in an empty root") {
  if (!can_run()) return;
  Container container{
      {.read_only = true, .arbitrary = true},
      {"init", "--", "/server", "--mode=process", "--mode=daemon", "--mode=exit", "--code=7"}};

  CHECK(container.wait().exit_code == 7);
}

TEST_CASE("a configuration with an error ends a container with 3, and is shown") {
  if (!can_run()) return;
  Container container{{.read_only = true}, {"check", "/no-such.json"}};

  CHECK(container.wait().exit_code == 3);
  CHECK(container.err().find("/no-such.json") != std::string::npos);
}

TEST_CASE("in a chroot without namespaces a fleet runs as anywhere") {
  if (!can_run()) return;
  const Folder root;
  std::filesystem::copy_file(static_binary, root.file("mcpctl"));
  std::filesystem::copy_file(misbehave_binary, root.file("server"));
  Json once = companion({"daemon", "exit", "--after=50", "--code=4"}, {{"restart", "never"}});
  once["command"] = "/server";
  write_file(root.file("mcp.json"), Json{{"mcpServers", {{"main", once}}}}.dump());
  Launch launch;
  launch.argv = {"chroot", root.path(), "/mcpctl", "run", "--exit-on", "main"};
  launch.env = plain_environment("/");

  CHECK(run_to_end(launch).exit_code == 4);
}
