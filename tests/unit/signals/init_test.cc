#include "signals/init.h"

#include "tests/unit/signals/guarded.h"

using namespace test;
using signals::InitOptions;
using signals::run_init;

namespace {

std::vector<std::string> script(std::string text) { return {"sh", "-c", std::move(text)}; }

/// Says "armed" in `folder`, then waits for signals and writes their names.
std::string trapping(const Folder& folder, const std::string& name = "main") {
  return "cd " + folder.path() + "; for s in TERM INT HUP USR1 USR2; do trap \"echo $s >> " + name +
         "; exit 9\" $s; done; touch armed-" + name + "; while :; do sleep 0.01; done";
}

}  // namespace

TEST_CASE("init passes the command's exit code through") {
  const NoChildLeft check;
  Process plain{[] { return run_init({}, script("exit 42")); }};
  Process killed{[] { return run_init({}, script("kill -9 $$")); }};

  CHECK(plain.exit_code() == 42);
  CHECK(killed.exit_code() == 137);
}

TEST_CASE("init says which command it cannot run") {
  const NoChildLeft check;
  const Folder folder;
  const std::string plain = folder.file("plain", "text", 0644);
  Process missing{[] { return run_init({}, {"/no/such/command"}); }};
  Process refused{[&] { return run_init({}, {plain}); }};

  CHECK(missing.errors() == "mcpctl: cannot run /no/such/command: No such file or directory\n");
  CHECK(missing.exit_code() == 127);
  CHECK(refused.errors() == "mcpctl: cannot run " + plain + ": Permission denied\n");
  CHECK(refused.exit_code() == 126);
}

TEST_CASE("init forwards signals, rewritten or dropped as it was told") {
  const NoChildLeft check;
  InitOptions rewriting;
  rewriting.rewrite[SIGTERM] = SIGINT;
  rewriting.rewrite[SIGHUP] = 0;
  struct Case {
    InitOptions options;
    std::vector<int> sent;
    std::string received;
  };
  const Case cases[] = {{{}, {SIGTERM}, "TERM\n"},
                        {{}, {SIGHUP}, "HUP\n"},
                        {{}, {SIGUSR1}, "USR1\n"},
                        {rewriting, {SIGTERM}, "INT\n"},
                        {rewriting, {SIGHUP, SIGUSR2}, "USR2\n"}};
  for (const Case& each : cases) {
    CAPTURE(each.received);
    const Folder folder;
    Process init{[&] { return run_init(each.options, script(trapping(folder))); }};
    REQUIRE(eventually([&] { return folder.has("armed-main"); }));

    for (const int signal : each.sent) init.signal(signal);

    CHECK(init.exit_code() == 9);
    CHECK(folder.text_of("main") == each.received);
  }
}

TEST_CASE("a group gets the signal only when init was told so") {
  const NoChildLeft check;
  for (const bool to_group : {false, true}) {
    CAPTURE(to_group);
    const Folder folder;
    folder.file("other.sh", trapping(folder, "other"));
    InitOptions options;
    options.signal_group = to_group;
    Process init{[&] {
      return run_init(options, script("sh " + folder.path("other.sh") + " & " + trapping(folder)));
    }};
    REQUIRE(eventually([&] { return folder.has("armed-main") && folder.has("armed-other"); }));

    init.signal(SIGUSR1);

    CHECK(init.exit_code() == 9);
    CHECK(folder.text_of("main") == "USR1\n");
    // Otherwise it hears only of the end of all.
    CHECK(folder.text_of("other").starts_with(to_group ? "USR1\n" : "TERM\n"));
  }
}

TEST_CASE("what the command leaves gets TERM, and KILL when the grace period is over") {
  const NoChildLeft check;
  const Folder folder;
  folder.file("polite.sh", trapping(folder, "polite"));
  folder.file("deaf.sh", "cd " + folder.path() + "; trap '' TERM; touch armed-deaf; sleep 100");
  InitOptions options;
  options.grace = 200ms;
  const auto start = std::chrono::steady_clock::now();
  Process init{[&] {
    return run_init(options, script("cd " + folder.path() +
                                    "; setsid sh polite.sh & setsid sh deaf.sh & "
                                    "while [ ! -e armed-polite -o ! -e armed-deaf ]; do "
                                    "sleep 0.01; done; exit 5"));
  }};

  CHECK(init.exit_code() == 5);

  CHECK(folder.text_of("polite") == "TERM\n");
  CHECK(std::chrono::steady_clock::now() - start >= 200ms);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("polite leftovers do not cost the grace period") {
  const NoChildLeft check;
  const auto start = std::chrono::steady_clock::now();
  Process init{[] { return run_init({}, script("setsid sleep 100 & sleep 0.05; exit 0")); }};

  CHECK(init.exit_code() == 0);

  CHECK(std::chrono::steady_clock::now() - start < 2s);
}

TEST_CASE("init reaps what it adopts while the command runs") {
  const NoChildLeft check;
  const Folder folder;
  Process init{[&] {
    return run_init(
        {}, script("cd " + folder.path() + "; (sh -c 'echo $$ > orphan; exit 0' &) ; sleep 100"));
  }};
  REQUIRE(eventually([&] { return !folder.text_of("orphan").empty(); }));
  const pid_t orphan = std::stoi(folder.text_of("orphan"));

  CHECK(eventually([&] { return ::kill(orphan, 0) != 0; }));

  init.signal(SIGTERM);
  CHECK(init.exit_code() == 143);
}

TEST_CASE("as PID 1 init forwards a signal that it has no handler for") {
  const NoChildLeft check;
  const Folder folder;
  Process outside{[&] {
    return as_pid_1([&] {
      return run_init({},
                      script("setsid sleep 100 & (" + trapping(folder) + ") & " + "while [ ! -e " +
                             folder.path("armed-main") +
                             " ]; do sleep 0.01; done; trap 'exit 6' USR2; kill -USR2 1; wait"));
    });
  }};

  const int code = outside.exit_code();
  if (code == no_namespaces) {
    MESSAGE("skipped: no pid namespaces here");
    return;
  }
  CHECK(code == 6);
  CHECK(folder.text_of("main") == "TERM\n");
}
