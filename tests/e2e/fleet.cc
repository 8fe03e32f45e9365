#include "fleet.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "client.h"

namespace mcpctl::e2e {

namespace {

bool test_failed = false;

/// Notes whether the running test has failed, so that a fleet that ends with it can
/// print what it said.
struct FailureWatch : doctest::IReporter {
  explicit FailureWatch(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {
    if (!as_init() || may_make_namespaces()) return;
    std::puts("skipped: making a pid namespace is not permitted here");
    std::exit(0);
  }
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_start(const doctest::TestCaseData&) override { test_failed = false; }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override { test_failed = true; }
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& data) override { test_failed |= data.m_failed; }
  void log_message(const doctest::MessageData& data) override {
    test_failed |= data.m_severity != doctest::assertType::is_warn;
  }
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("failure_watch", 1, FailureWatch);

std::string unique_name() {
  static int count = 0;
  return "e2e-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

void kill_each(const std::vector<Process>& processes) {
  for (const Process& process : processes) ::kill(process.pid, SIGKILL);
}

/// The last part of what may be two hundred megabytes.
std::string tail(const std::string& text, std::size_t bytes = 8000) {
  return text.size() <= bytes ? text : "…" + text.substr(text.size() - bytes);
}

}  // namespace

Json misbehaving(const std::vector<std::string>& deeds, Json ours) {
  Json entry{{"command", misbehave_binary}, {"args", Json::array()}};
  for (const std::string& deed : deeds) {
    entry["args"].push_back(deed.starts_with("--") ? deed : "--mode=" + deed);
  }
  if (!ours.empty()) entry["x-mcpctl"] = std::move(ours);
  return entry;
}

Json companion(const std::vector<std::string>& deeds, Json ours) {
  Json entry = misbehaving(deeds, std::move(ours));
  entry["args"].push_back("--mode=process");
  entry["x-mcpctl"]["kind"] = "process";
  return entry;
}

Json ladder(std::string_view eof, std::string_view term) { return {{"eof", eof}, {"term", term}}; }

std::vector<std::string> with_and_without_control_groups() {
  std::vector<std::string> before;
  SUBCASE("with control groups where the machine has them") {}
  SUBCASE("without control groups") {
    before = {"unshare",
              "--mount",
              "sh",
              "-c",
              "umount -a -l -t cgroup2 && ! grep -q cgroup2 /proc/self/mountinfo && exec \"$@\"",
              "sh"};
    std::vector<std::string> trial = before;
    trial.push_back("true");
    const Folder folder;
    if (run_to_end({trial, "", plain_environment(folder.path()), "", "", false}).exit_code != 0) {
      MESSAGE("skipped: cannot hide the control groups");
      before.clear();
    }
  }
  return before;
}

Json quick(std::string_view rung) {
  const Json backoff{{"initial", "20ms"}, {"max", "200ms"}};
  return {{"defaults", {{"stop", ladder(rung, rung)}, {"backoff", backoff}}}};
}

bool as_init() {
  static const bool wanted = std::getenv("MCPCTL_E2E_AS_INIT") != nullptr;
  return wanted;
}

Fleet::Fleet(Json servers, Json ours) : name_(unique_name()) {
  config_["mcpServers"] = std::move(servers);
  config_["x-mcpctl"] = std::move(ours);
  config_["x-mcpctl"]["name"] = name_;
  // Fleets of several tests at once would fight for the usual port.
  Json& gateway = config_["x-mcpctl"]["gateway"];
  if (!gateway.contains("listen")) gateway["listen"] = "off";
  std::filesystem::create_directory(file("run"));
  std::filesystem::permissions(file("run"), std::filesystem::perms::owner_all);
  write();
}

Fleet::~Fleet() {
  if (test_failed) {
    std::fprintf(stderr,
                 "---- what mcpctl run of fleet %s said ----\n%s\n---- its servers ----\n%s\n",
                 name_.c_str(), tail(output()).c_str(), tail(status().dump(1)).c_str());
  }
  if (program_ && program_->is_running()) {
    program_->signal(SIGTERM);
    if (!program_->wait()) FAIL_CHECK("mcpctl run does not end");
  }
  program_.reset();
  const bool gone = eventually([this] { return processes().empty(); }, 2'000ms);
  if (gone) return;
  FAIL_CHECK("left behind: ", describe(processes()));
  eventually([this] { return kill_each(processes()), processes().empty(); });
}

void Fleet::write() { write_text(config_.dump(2)); }

void Fleet::set_variable(std::string name, std::string value) {
  extra_.emplace_back(std::move(name), std::move(value));
}

Launch Fleet::launch(std::vector<std::string> words) const {
  Launch launch;
  launch.argv = std::move(words);
  launch.cwd = folder();
  launch.env = plain_environment(folder());
  launch.env.emplace_back("XDG_RUNTIME_DIR", file("run"));
  launch.env.insert(launch.env.end(), extra_.begin(), extra_.end());
  return launch;
}

void Fleet::start(std::vector<std::string> arguments, std::vector<std::string> before) {
  std::vector<std::string> words = std::move(before);
  words.insert(words.end(), {mcpctl_binary, "run", "-c", config_file(), "--log-format", "json"});
  words.insert(words.end(), arguments.begin(), arguments.end());
  Launch run = launch(std::move(words));
  run.stdout_file = file("stdout");
  run.stderr_file = file("stderr");
  run.as_init = as_init();
  program_.emplace(run);
}

void Fleet::start_on_terminal() {
  Launch run = launch({mcpctl_binary, "run", "-c", config_file()});
  run.on_terminal = true;
  run.as_init = as_init();
  program_.emplace(run);
}

pid_t Fleet::supervisor() {
  for (const Process& child : children_of(warden())) {
    if (child.command == "mcpctl" && child.state != 'Z') return child.pid;
  }
  return nobody;
}

Ended Fleet::stop(int signal) {
  const auto start = Clock::now();
  if (signal != 0) program_->signal(signal);
  const auto code = program_->wait();
  const Ended ended{code.value_or(-1), since(start)};
  REQUIRE_MESSAGE(code.has_value(), "mcpctl run does not end");
  expect_nothing_left();
  return ended;
}

void Fleet::expect_nothing_left(Milliseconds limit) {
  if (eventually([this] { return processes().empty(); }, limit)) return;
  FAIL_CHECK("still there: ", describe(processes()));
}

std::vector<Process> Fleet::processes_of(const std::string& server) const {
  return carrying_cookie(name_ + "/" + server + "/");
}

std::vector<pid_t> Fleet::made(const std::string& file, std::string_view role) {
  std::vector<pid_t> pids = recorded_pids(file, role);
  for (pid_t& pid : pids) pid = outside(pid);
  return pids;
}

pid_t Fleet::outside(pid_t inside) {
  if (!as_init()) return inside;
  if (const auto known = outside_.find(inside); known == outside_.end() || !is_alive(known->second))
    for (const auto& [inner, outer] : pids_in_namespace_of(warden())) outside_[inner] = outer;
  const auto found = outside_.find(inside);
  return found == outside_.end() ? nobody : found->second;
}

Json Fleet::status() {
  const std::string body = request("GET", "/api/v1/servers");
  Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("servers")) return {};
  for (Json& server : answer["servers"]) {
    if (server["pid"].is_number()) server["pid"] = outside(server["pid"].get<pid_t>());
  }
  return answer;
}

Json Fleet::server(const std::string& name) {
  const Json fleet = status();
  if (fleet.is_null()) return {};
  for (const Json& server : fleet["servers"]) {
    if (server["name"] == name) return server;
  }
  return {};
}

std::string Fleet::state(const std::string& name) {
  const Json found = server(name);
  return found.is_null() ? "" : found["state"].get<std::string>();
}

pid_t Fleet::pid(const std::string& name) {
  const Json found = server(name);
  return found.is_null() || found["pid"].is_null() ? nobody : found["pid"].get<pid_t>();
}

void Fleet::await(const std::string& server, const std::string& wanted) {
  await_that(server, [&wanted](const Json& status) { return status["state"] == wanted; });
}

void Fleet::await_all(const std::string& wanted) {
  std::string others;
  const auto all = [&] {
    const Json fleet = status();
    others = "all: nobody answers";
    if (fleet.is_null()) return false;
    others.clear();
    for (const Json& server : fleet["servers"]) {
      if (server["state"] == wanted) continue;
      others += ' ' + server["name"].get<std::string>() + ' ' + server.dump();
    }
    return others.empty();
  };
  REQUIRE_MESSAGE(eventually(all), "never ", wanted, ":", others);
}

void Fleet::await_that(const std::string& name, const std::function<bool(const Json&)>& condition) {
  Json last;
  const auto holds = [&] {
    last = server(name);
    return !last.is_null() && condition(last);
  };
  const bool came_true = eventually(holds);
  const std::string text = last.dump(1);
  CAPTURE(text);
  REQUIRE_MESSAGE(came_true, "waited for ", name, " in vain");
}

void Fleet::await_why(const std::string& name, std::string_view part) {
  await_that(name, [part](const Json& status) {
    return status["why"].get<std::string>().find(part) != std::string::npos;
  });
}

void Fleet::await_restart(const std::string& name, pid_t former) {
  await_that(name, [former](const Json& status) {
    // Between a leader's end and the news of it the server is ready and has no pid.
    return status["state"] == "ready" && status["pid"].is_number() && status["pid"] != former;
  });
}

std::vector<Json> Fleet::transitions() const {
  std::vector<Json> found;
  std::istringstream lines{read_file(file("stdout"))};
  for (std::string line; std::getline(lines, line);) {
    Json value = Json::parse(line, nullptr, false);
    if (value.is_object() && value.contains("to")) found.push_back(std::move(value));
  }
  return found;
}

std::string Fleet::output() const { return read_file(file("stdout")) + read_file(file("stderr")); }

void Fleet::await_words(std::string_view text) {
  REQUIRE_MESSAGE(eventually([&] { return said(text); }), "mcpctl never said: ", std::string{text});
}

std::size_t Fleet::settled_descriptors() {
  const auto has_watch = [&] {
    const auto found = descriptors_of(supervisor());
    return std::ranges::find(found, "anon_inode:inotify") != found.end();
  };
  REQUIRE(eventually(has_watch));
  return open_descriptors(supervisor());
}

Outcome Fleet::control(std::vector<std::string> words, Milliseconds limit) {
  words.insert(words.begin(), mcpctl_binary);
  return run_beside(std::move(words), limit);
}

Outcome Fleet::run_beside(std::vector<std::string> words, Milliseconds limit) {
  return run_to_end(launch(std::move(words)), limit);
}

std::string Fleet::request(const std::string& method, const std::string& path) const {
  Client client{socket()};
  if (!client.is_connected()) return "";
  client.send(method + ' ' + path +
              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end(10'000ms);
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

}  // namespace mcpctl::e2e
