// When the machine has no more to give: disk, descriptors, processes.  Servers go on,
// the door answers, what failed is named, and it mends itself.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "client.h"
#include "fleet.h"
#include "text.h"
#include "web.h"

using namespace mcpctl::e2e;
namespace fs = std::filesystem;

namespace {

/// In front of mcpctl: a mount namespace with a file system of `kib` at ./logs.
std::vector<std::string> with_small_disk(unsigned kib) {
  return {"unshare",
          "--mount",
          "sh",
          "-c",
          "mount -t tmpfs -o size=" + std::to_string(kib) + "k tmpfs logs && exec \"$@\"",
          "sh"};
}

/// Mounts of the fleet's own namespace are seen through its root.
std::string as_seen_by(pid_t process, const std::string& path) {
  return "/proc/" + std::to_string(process) + "/root" + path;
}

/// Runs `command` in the mount namespace of the fleet.
void in_its_mounts(Fleet& fleet, std::vector<std::string> command) {
  Launch launch;
  launch.argv = {"nsenter", "--mount", "--target", std::to_string(fleet.warden())};
  launch.argv.insert(launch.argv.end(), command.begin(), command.end());
  launch.env = plain_environment(fleet.folder());
  const Outcome outcome = run_to_end(launch);
  CAPTURE(outcome.err);
  REQUIRE(outcome.exit_code == 0);
}

std::string notes_of(Fleet& fleet, const std::string& server) {
  return fleet.request("GET", "/api/v1/servers/" + server + "/logs?tail=2000");
}

long log_bytes(Fleet& fleet, const std::string& server) {
  return fleet.server(server)["log"]["bytes"].get<long>();
}

/// Processor time that the supervisor takes in `span`: a spin would take all of it.
std::uint64_t busy_ms(Fleet& fleet, Milliseconds span) {
  const pid_t supervisor = fleet.supervisor();
  const auto before = cpu_ms(supervisor);
  std::this_thread::sleep_for(span);  // what is measured is this very time
  return cpu_ms(supervisor) - before;
}

void limit(pid_t process, __rlimit_resource resource, rlim_t soft) {
  REQUIRE(process > 1);
  rlimit both{};
  REQUIRE(::prlimit(process, resource, nullptr, &both) == 0);
  both.rlim_cur = soft;
  REQUIRE(::prlimit(process, resource, &both, nullptr) == 0);
}

/// Limits of processes are a user's, and do not bind root: they are set for one that nobody
/// else is.  False, and said: that is not possible here.
bool may_limit_processes() {
  const bool may = ::geteuid() == 0 && others_may_run(mcpctl_binary);
  if (!may) MESSAGE("skipped: needs root, and a build folder that others may enter");
  return may;
}

/// In front of a command: as user `id`.
std::vector<std::string> as_user(uid_t id) {
  const std::string number = std::to_string(id);
  return {"setpriv", "--reuid=" + number, "--regid=" + number, "--clear-groups"};
}

/// The same with so many processes and threads at a time.
std::vector<std::string> as_user(uid_t id, unsigned most) {
  std::vector<std::string> words = as_user(id);
  words.insert(words.end(), {"prlimit", "--nproc=" + std::to_string(most) + ':'});
  return words;
}

void give_folder_to(Fleet& fleet, uid_t id) {
  REQUIRE(::chown(fleet.folder().c_str(), id, id) == 0);
  for (const auto& entry : fs::recursive_directory_iterator{fleet.folder()})
    REQUIRE(::chown(entry.path().c_str(), id, id) == 0);
}

/// How many processes and threads the supervisor's user may have at a time, from now on; as
/// that user, for root may lack the capability.
void limit_processes(Fleet& fleet, uid_t id, unsigned most) {
  Launch launch;
  launch.argv = as_user(id);
  launch.argv.insert(launch.argv.end(), {"prlimit", "--pid", std::to_string(fleet.supervisor()),
                                         "--nproc=" + std::to_string(most) + ':'});
  launch.env = plain_environment("/");
  const Outcome outcome = run_to_end(launch);
  CAPTURE(outcome.err);
  REQUIRE(outcome.exit_code == 0);
}

}  // namespace

TEST_CASE("a full disk stops no server; it is told once, and the log goes on when there is room") {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: mounting a small disk is not permitted here");
    return;
  }
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}};
  Fleet fleet{Json{{"talker", misbehaving({"chatter", "--interval=5", "--line=1000"})}}, ours};
  fs::create_directory(fleet.file("logs"));
  fleet.start({}, with_small_disk(64));
  fleet.await("talker", "ready");
  const pid_t talker = fleet.pid("talker");
  const std::string log = as_seen_by(fleet.supervisor(), fleet.file("logs/talker.log"));

  REQUIRE(eventually([&] {
    return notes_of(fleet, "talker").find("No space left on device") != std::string::npos;
  }));
  const long full_at = log_bytes(fleet, "talker");
  fleet.await_that("talker", [&](const Json& server) {
    return server["log"]["bytes"].get<long>() > full_at + 50'000;
  });
  CHECK(count(notes_of(fleet, "talker"), "cannot write log file") == 1);
  CHECK(fleet.server("talker")["log"]["dropped_lines"].get<long>() > 0);

  std::error_code gone;
  const auto size_when_full = fs::file_size(log, gone);
  in_its_mounts(fleet, {"mount", "-o", "remount,size=8m", fleet.file("logs")});
  CHECK(eventually([&] { return fs::file_size(log, gone) > size_when_full + 10'000; }));
  CHECK(fleet.pid("talker") == talker);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a disk that became read-only stops no server, and the log goes on afterwards") {
  if (!may_make_namespaces()) {
    MESSAGE("skipped: mounting a small disk is not permitted here");
    return;
  }
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}, {"maxSize", "20KiB"}, {"keep", 1}};
  Fleet fleet{Json{{"talker", misbehaving({"chatter", "--interval=5", "--line=1000"})}}, ours};
  fs::create_directory(fleet.file("logs"));
  fleet.start({}, with_small_disk(1024));
  fleet.await("talker", "ready");
  const pid_t talker = fleet.pid("talker");
  const std::string log = as_seen_by(fleet.supervisor(), fleet.file("logs/talker.log"));
  std::error_code gone;
  REQUIRE(eventually([&] { return fs::exists(log, gone); }));

  // A read-only view of it in its place; the log is opened anew there.
  in_its_mounts(fleet, {"mount", "--bind", "-o", "ro", fleet.file("logs"), fleet.file("logs")});
  fleet.program().signal(SIGUSR1);

  REQUIRE(eventually([&] {
    return notes_of(fleet, "talker").find("Read-only file system") != std::string::npos;
  }));
  CHECK(fleet.state("talker") == "ready");
  in_its_mounts(fleet, {"umount", fleet.file("logs")});
  CHECK(eventually([&] { return fs::exists(log, gone) && fs::file_size(log, gone) > 2'000; }));
  CHECK(fleet.pid("talker") == talker);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("without descriptors the door tells so, nothing spins, and all comes back") {
  Fleet fleet{Json{{"victim", misbehaving({})}, {"other", misbehaving({})}}, quick()};
  fleet.start();
  fleet.await_all("ready");
  const pid_t supervisor = fleet.supervisor();
  const pid_t victim = fleet.pid("victim");
  const pid_t other = fleet.pid("other");
  const std::size_t open = fleet.settled_descriptors();

  // Room for three clients; the fourth and what a spawn wants are too many.
  limit(supervisor, RLIMIT_NOFILE, open + 3);
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(fleet.socket());
  fleet.await_words("out of file descriptors");
  ::kill(victim, SIGKILL);
  fleet.await_words("Too many open files");
  CHECK(busy_ms(fleet, 1'000ms) < 300 * sanitizer_cost);
  CHECK(is_alive(other));

  clients.clear();
  // Now there is room to ask, though maybe not to spawn.
  CHECK(eventually([&] { return fleet.request("GET", "/livez") == "ok\n"; }));
  limit(supervisor, RLIMIT_NOFILE, 4096);
  fleet.await_restart("victim", victim);
  CHECK(fleet.pid("other") == other);
  CHECK(eventually([&] { return open_descriptors(supervisor) <= open + 1; }));
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a server that can get no process is retried, never given up, and the door answers") {
  if (!may_limit_processes()) return;
  constexpr uid_t stranger = 64'222;
  const Json loop{{"crashLoop", {{"failures", 2}, {"window", "1m"}, {"retry", "0s"}}}};
  Fleet fleet{Json{{"victim", misbehaving({}, loop)}, {"other", misbehaving({})}}, quick()};
  give_folder_to(fleet, stranger);
  fleet.start({}, as_user(stranger));
  fleet.await_all("ready");
  const pid_t victim = fleet.pid("victim");
  const pid_t other = fleet.pid("other");

  limit_processes(fleet, stranger, 1);  // its threads have come by now, or will be refused, too
  ::kill(victim, SIGKILL);
  fleet.await_why("victim", "Resource temporarily unavailable");
  // Three failures more than the crash loop would allow to a server of its own fault.
  fleet.await_that("victim", [](const Json& server) { return server["incarnation"] >= 6; });
  CHECK(fleet.state("victim") != "failed");
  CHECK(fleet.request("GET", "/livez") == "ok\n");

  limit_processes(fleet, stranger, 4096);
  fleet.await_restart("victim", victim);
  CHECK(fleet.pid("other") == other);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a fleet that is granted no thread runs, and has its logs written at its end") {
  if (!may_limit_processes()) return;
  constexpr uid_t stranger = 64'223;
  Json ours = quick();
  ours["logs"] = {{"dir", "logs"}};
  Fleet fleet{Json{{"one", misbehaving({})}, {"other", misbehaving({})}}, ours};
  give_folder_to(fleet, stranger);
  fleet.start({}, as_user(stranger, 4));  // both of ours, and the servers
  fleet.await_all("ready");

  CHECK(stays([&] { return fleet.request("GET", "/livez") == "ok\n"; }, 500ms));
  CHECK_FALSE(fs::exists(fleet.file("logs/one.log")));
  CHECK(fleet.stop().exit_code == 0);
  CHECK(read_file(fleet.file("logs/one.log")).find("state ready") != std::string::npos);
}

TEST_CASE("a name is resolved once there is a thread for it, and the others run meanwhile") {
  if (!may_limit_processes()) return;
  constexpr uid_t stranger = 64'224;
  const int port = free_port();
  const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                     {"url", "http://127.0.0.1:${PORT}/mcp"},
                     {"x-mcpctl", {{"port", port}}}};
  // A name that inet_aton(3) reads, so that neither a file nor a network has to know it.
  const Json named{{"url", "http://127.1:" + std::to_string(port) + "/mcp"},
                   {"x-mcpctl", {{"dependsOn", {{"weather", "ready"}}}}}};
  Fleet fleet{Json{{"weather", weather}, {"named", named}}, quick()};
  give_folder_to(fleet, stranger);
  fleet.start({}, as_user(stranger, 3));  // both of ours, and the server

  fleet.await_why("named", "cannot resolve 127.1");
  CHECK(fleet.state("weather") == "ready");
  CHECK(fleet.request("GET", "/livez") == "ok\n");

  limit_processes(fleet, stranger, 4096);
  // It was asked, and wants to be asked for by its own name.
  fleet.await_why("named", "foreign Host");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("a program that is being written is retried until it can be executed") {
  Json server = misbehaving({});
  Fleet fleet{Json{{"later", server}}, quick()};
  const std::string program = fleet.file("program");
  fs::copy_file(misbehave_binary, program);
  fleet.servers()["later"]["command"] = program;
  fleet.write();
  const int writing = ::open(program.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(writing >= 0);

  fleet.start();
  fleet.await_why("later", "Text file busy");
  ::close(writing);

  fleet.await("later", "ready");
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE(
    "what no retry mends is failed at once: loops of links, too long arguments, no such user") {
  Fleet fleet{Json::object(), quick()};
  fs::create_symlink("loop", fleet.file("loop"));
  Json& servers = fleet.servers();
  servers["loop"] = {{"command", "./loop"}};
  servers["long"] = misbehaving({"process"});
  servers["long"]["args"].push_back(std::string(200'000, 'x'));  // MAX_ARG_STRLEN is 128 KiB
  fleet.write();
  Fleet nameless{Json{{"server", misbehaving({}, {{"user", "no-such-user-here"}})}}};

  fleet.start();
  fleet.await("loop", "failed");
  fleet.await("long", "failed");
  nameless.start();

  const auto why = [&fleet](const char* name) {
    return fleet.server(name)["why"].get<std::string>();
  };
  CHECK(why("loop").find("Too many levels of symbolic links") != std::string::npos);
  CHECK(why("long").find("Argument list too long") != std::string::npos);
  CHECK(nameless.program().wait() == 3);
  CHECK(nameless.said("no-such-user-here"));
  for (const char* name : {"loop", "long"}) CHECK(fleet.server(name)["incarnation"] == 1);
  CHECK(fleet.stop().exit_code == 0);
}
