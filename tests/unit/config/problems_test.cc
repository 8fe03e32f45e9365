// What a user sees when a file is wrong: whole messages, all at once.
#include <doctest/doctest.h>

#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;

namespace {

/// The problems of `text`, each as "LINE:COLUMN severity: message (suggestion)".
std::vector<std::string> told(const std::string& text) {
  const TestWorld here;
  std::vector<std::string> lines;
  for (const Problem& problem : here.read(text).problems) {
    const bool is_error = problem.severity == Problem::Severity::error;
    lines.push_back(std::to_string(problem.where.line) + ":" +
                    std::to_string(problem.where.column) + (is_error ? " error: " : " warning: ") +
                    problem.message +
                    (problem.suggestion.empty() ? "" : " (" + problem.suggestion + ")"));
  }
  return lines;
}

/// The same for the settings of one server; they begin at line 2, column 1.
std::vector<std::string> told_of(const std::string& settings) {
  return told(with_settings(settings));
}

/// Expected lines; compared as one text, so that a failure shows both.
struct Lines : std::vector<std::string> {
  using vector::vector;
};

bool operator==(const std::vector<std::string>& told, const Lines& expected) {
  const auto joined = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  };
  CHECK(joined(told) == joined(expected));
  return true;
}

}  // namespace

TEST_CASE("a problem shows the place, the line, a caret and a way out") {
  const TestWorld here;

  const Reading reading = here.read(R"({
  "mcpServers": {
    "a": {"command": "a", "x-mcpctl": {"restrat": "always"}}
  }
})");

  CHECK(reading.has_errors());
  CHECK(shown(reading) ==
        R"(/srv/app/mcp.json:3:40: error: unknown key "restrat" in "x-mcpctl"
   3 |     "a": {"command": "a", "x-mcpctl": {"restrat": "always"}}
     |                                        ^~~~~~~~~
     = did you mean "restart"?
)");
}

TEST_CASE("in colour the same text is painted") {
  Problem problem{Problem::Severity::warning, {"f", 12, 3}, "m", "  line", 2, 4, ""};

  CHECK(render(problem) == "f:12:3: warning: m\n  12 |   line\n     |   ^~~~\n");
  CHECK(render(problem, true) ==
        "\x1b[1mf:12:3: \x1b[1;35mwarning: \x1b[0mm\n  12 |   line\n     |   "
        "\x1b[1;32m^~~~\x1b[0m\n");
}

TEST_CASE("all problems of a file are told at once, in its order") {
  CHECK(told(R"({"mcpServers": {
"b": {"command": "b", "restart": "never", "comand": "x", "autoApprove": [], "_note": 1},
"c": {"command": "", "args": "x", "env": {"A": true}},
"d": {"type": "stdoi", "url": "ftp://x"},
"e": {"args": [1, "2"], "cwd": {}},
"f": 12}})") ==
        Lines{
            "2:23 warning: unknown key \"restart\" is ignored (\"restart\" belongs in "
            "\"x-mcpctl\")",
            "2:43 warning: unknown key \"comand\" is ignored (did you mean \"command\"?)",
            "3:18 error: command: the command is empty",
            "3:30 error: args: expected an array of strings, found a string (put it in brackets: "
            "[\"…\"])",
            "3:48 error: env.A: expected a string, found a boolean (put it in double quotes)",
            "4:15 error: type: expected \"stdio\", \"http\", \"streamable-http\", "
            "\"streamableHttp\" or \"sse\", found \"stdoi\" (did you mean \"stdio\"?)",
            "4:31 error: url: expected a URL that begins with http:// or https://",
            "5:1 error: this server has neither a \"command\" nor a \"url\" (name the program to "
            "run, or the address to reach)",
            "5:16 error: args[0]: expected a string, found a number (put it in double quotes)",
            "5:32 error: cwd: expected a string, found an object",
            "6:6 error: expected an object such as {\"command\": \"…\"}, found a number",
        });
}

TEST_CASE("each kind of setting says what it expects") {
  CHECK(told_of(R"({"idleStop": 10,
"memory": "12 parsecs",
"stop": {"signal": "SIGTREM", "eof": "10"},
"user": "nobdy",
"port": 70000,
"restart": "allways",
"umask": "9",
"required": "true",
"pids": 1.5,
"rlimits": {"nofiles": 1, "core": {"soft": 3, "hard": 2}, "cpu": "1s"},
"logs": [],
"inheritEnv": "A",
"successExitCodes": [256],
"crashLoop": {"window": "0ms"},
"liveness": {"interval": "5 s"},
"maxConcurrentStarts": 3,
"interval": "1s"})") ==
        Lines{
            "2:14 error: idleStop: expected a duration such as \"10s\", found a number (write "
            "\"10s\" for seconds or \"10ms\" for milliseconds)",
            "3:11 error: memory: cannot read size \"12 parsecs\": unknown unit \"parsecs\"; use "
            "KiB, MiB, GiB, or KB, MB, GB",
            "4:20 error: stop.signal: expected \"SIGTERM\", \"SIGINT\", \"SIGHUP\", \"SIGQUIT\", "
            "\"SIGUSR1\", \"SIGUSR2\", \"SIGABRT\", \"SIGWINCH\" or \"SIGKILL\", found "
            "\"SIGTREM\" (did you mean \"SIGTERM\"?)",
            "4:38 error: stop.eof: cannot read duration \"10\": the unit is missing; use ms, s, "
            "m, h or d",
            "5:9 error: cannot find user \"nobdy\": no such user",
            "6:9 error: port: out of range; expected 0 to 65535",
            "7:12 error: restart: expected \"always\", \"on-failure\", \"never\" or "
            "\"unless-stopped\", found \"allways\" (did you mean \"always\"?)",
            "8:10 error: umask: cannot read umask \"9\": expected octal digits from \"000\" to "
            "\"777\"",
            "9:13 error: required: expected true or false, found a string (write true without "
            "quotes)",
            "10:9 error: pids: expected a whole number, found a fraction",
            "11:13 error: unknown key \"nofiles\" in \"rlimits\" (did you mean \"nofile\"?)",
            "11:35 error: rlimits.core: the soft limit is above the hard one",
            "11:66 error: rlimits.cpu: expected a whole number or \"unlimited\", found a string",
            "12:9 error: logs: expected an object, found an array",
            "13:15 error: inheritEnv: expected true, false or an array of names, found a string "
            "(put it in brackets: [\"…\"])",
            "14:22 error: successExitCodes[0]: out of range; expected 0 to 255",
            "15:25 error: crashLoop.window: too short; expected at least \"1ms\"",
            "16:26 error: liveness.interval: cannot read duration \"5 s\": the unit is missing; "
            "use ms, s, m, h or d",
            "17:1 error: unknown key \"maxConcurrentStarts\" in \"x-mcpctl\"",
            "18:1 error: unknown key \"interval\" in \"x-mcpctl\" (\"interval\" belongs in "
            "\"liveness\")",
        });
}

TEST_CASE("settings that contradict each other are found") {
  CHECK(told_of(R"({"readiness": {"method": "http-get", "path": "health"}, "liveness": "exec"})") ==
        Lines{"2:26 error: readiness.method: this method needs a \"port\", and the server has none "
              "(add \"port\" to \"readiness\")",
              "2:46 error: readiness.path: a path begins with \"/\"",
              "2:69 error: liveness.method: \"exec\" needs a \"command\" (add \"command\": "
              "[\"program\", \"argument\"] to \"liveness\")"});
  CHECK(told_of(R"({"readiness": "log-line", "group": "nogroup"})") ==
        Lines{"2:15 error: readiness.method: \"log-line\" needs a \"pattern\" (add \"pattern\": "
              "\"listening on\" to \"readiness\")",
              "2:36 error: group: needs a \"user\" beside it"});
  CHECK(told_of(R"({"readiness": {"method": "log-line", "pattern": "a(b"}})") ==
        Lines{"2:49 error: readiness.pattern: not a regular expression: Mismatched '(' and ')' in "
              "regular expression"});
  CHECK(told_of(R"({"readiness": {"timeout": "2m", "timeoutMax": "1m"}})") ==
        Lines{"2:47 error: readiness.timeoutMax: shorter than the \"timeout\" of 2m"});
  CHECK(told_of(R"({"backoff": {"initial": "1m"}, "crashLoop": {"failures": 2}})") ==
        Lines{"2:25 error: backoff.initial: longer than \"max\", which is 30s"});
  CHECK(told_of(R"({"kind": "process", "liveness": "ping"})") ==
        Lines{"2:33 error: liveness.method: \"ping\" is a question of MCP, which a \"kind\": "
              "\"process\" does not speak"});
}

TEST_CASE("a crash loop that the backoff makes impossible is pointed out") {
  CHECK(told_of(R"({"crashLoop": {"failures": 10}})") ==
        Lines{"2:15 warning: crashLoop: 10 failures, with the delays between them, take longer "
              "than the window of 2m, so this never ends the restarts (allow fewer \"failures\", "
              "or a longer \"window\")"});
  CHECK(told_of(R"({"crashLoop": {"failures": 9}})") == Lines{});
}

TEST_CASE("what a remote server or a lone type cannot do is said") {
  CHECK(told(R"({"mcpServers": {
"a": {"url": "https://x.example", "x-mcpctl": {"readiness": "alive"}},
"b": {"type": "http", "command": "b"},
"c": {"type": "stdio", "url": "http://x.example"},
"d": {"type": "stdio", "command": "d", "url": "http://x.example"},
"e": {"url": "http://x.example:${PORT}/"},
"f": {"url": "http://x.example:99999/"}}})") ==
        Lines{"2:61 error: readiness.method: \"alive\" watches a process, and a remote server has "
              "none",
              "3:1 error: a \"type\" of HTTP needs a \"url\"",
              "4:1 error: \"type\": \"stdio\" needs a \"command\"",
              "5:47 warning: \"url\" is ignored: the type is \"stdio\"",
              "6:1 error: ${PORT} is the port of a process, and this server has no \"command\" "
              "(write the port, or ${env:PORT} for a variable of the environment)",
              "7:14 error: url: the port of the URL is no number from 1 to 65535"});
}

TEST_CASE("dependencies that nobody can fulfil, and cycles with their path") {
  CHECK(told(R"({"mcpServers": {
"a": {"command": "a", "x-mcpctl": {"dependsOn": {"b": "ready"}}},
"b": {"command": "b", "x-mcpctl": {"dependsOn": {"c": "ready", "rediss": "raedy"}}},
"c": {"command": "c", "x-mcpctl": {"dependsOn": ["a", "off"]}},
"self": {"command": "c", "x-mcpctl": {"dependsOn": {"self": "started"}}},
"job": {"command": "c", "x-mcpctl": {"dependsOn": {"redis": "completed"}}},
"redis": {"command": "r"},
"off": {"command": "x", "disabled": true}}})") ==
        Lines{"3:64 error: dependsOn: no server is named \"rediss\" (did you mean \"redis\"?)",
              "3:74 error: dependsOn.rediss: expected \"started\", \"ready\" or \"completed\", "
              "found \"raedy\" (did you mean \"ready\"?)",
              "4:50 error: dependsOn: the servers wait for each other: a -> b -> c -> a",
              "4:55 error: dependsOn: \"off\" is disabled",
              "5:53 error: dependsOn: the servers wait for each other: self -> self",
              "6:52 error: dependsOn: \"redis\" never completes: its \"restart\" is \"always\" "
              "(give it \"restart\": \"on-failure\" or \"never\")"});
}

TEST_CASE("a port belongs to one server, and the gateway's to none") {
  CHECK(told(R"({"mcpServers": {
"a": {"command": "a", "x-mcpctl": {"port": 1234}},
"b": {"command": "b", "url": "http://127.0.0.1:1234/"},
"c": {"command": "c", "x-mcpctl": {"port": 7420}},
"d": {"command": "d", "url": "http://127.0.0.1:1/", "x-mcpctl": {"port": 2}},
"e": {"url": "http://127.0.0.1:1234/"}}})") ==
        Lines{"3:30 error: url: port 1234 is already the port of \"a\" (use ${PORT} in the url and "
              "\"port\": 0 for a free one)",
              "4:44 error: port: port 7420 is already the port of the gateway (use ${PORT} in the "
              "url and \"port\": 0 for a free one)",
              "5:74 error: port: the \"url\" names port 1 instead (write ${PORT} in the url)"});
}

TEST_CASE("names of servers can be addressed and kept in files") {
  CHECK(told("{\"mcpServers\": {\"\": {\"command\": \"x\"},\n\"a/b\": {\"command\": \"x\"},\n"
             "\"a__b\": {\"command\": \"x\"},\n\"t\\t\": {\"command\": \"x\"},\n"
             "\"..\": {\"command\": \"x\"}, \"a~b\": {\"command\": \"x\"},\n"
             "\"a~12\": {\"command\": \"x\"}}}") ==
        Lines{"1:17 error: the name of a server is empty",
              "2:1 error: the name of a server holds a \"/\"",
              "3:1 warning: the name of a server holds \"__\", which separates server and tool in "
              "the names of a gateway's tools",
              "4:1 error: the name of a server holds a control character",
              "5:1 error: the name of a server is \".\" or \"..\", which names a folder",
              "6:1 error: the name of a server ends in \"~\" and a number, as the names of "
              "clients' own processes do"});
}

TEST_CASE("a process for each client session needs a port of its own") {
  CHECK(
      told("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"url\": \"http://127.0.0.1:7000/mcp\",\n"
           "\"x-mcpctl\": {\"share\": \"session\"}},\n"
           "\"b\": {\"command\": \"x\", \"url\": \"http://127.0.0.1:${PORT}/mcp\",\n"
           "\"x-mcpctl\": {\"port\": 0, \"share\": \"session\"}},\n"
           "\"c\": {\"command\": \"x\", \"x-mcpctl\": {\"share\": \"session\"}}}}") ==
      Lines{"2:23 error: share: a process for each client session needs a port of its own, not "
            "7000 (set \"port\": 0, and write ${PORT} where the server is told)"});
}

TEST_CASE("a key or server that stands twice points at the first") {
  CHECK(told("{\"mcpServers\": {\"a\": {\"command\": \"a\",\n\"command\": \"b\"}},\n"
             "\"servers\": {\"a\": {\"command\": \"b\"}}}") ==
        Lines{"2:1 error: duplicate key \"command\"; the first stands in line 1",
              "3:13 error: server \"a\" stands in \"mcpServers\" already, in line 1"});
}

TEST_CASE("the top of the file is checked too") {
  CHECK(told(R"({"mcpServers": [], "mcpServer": {}, "inputs": [], "other": 1, "x-mcpctl": {
"name": "a b", "gateway": {"listen": "7420", "lisen": 1},
"defaults": {"port": 1, "user": "${NOPE}", "restrat": 1}, "maxConcurrentStarts": 0}})") ==
        Lines{"1:16 error: mcpServers: expected an object of servers, found an array",
              "1:20 warning: unknown key \"mcpServer\" is ignored (did you mean \"mcpServers\"?)",
              "1:75 error: x-mcpctl: variable NOPE is not set and has no default",
              "2:9 error: name: a name has 1 to 64 letters, digits, \"_\", \".\" or \"-\", and "
              "begins with a letter or digit",
              "2:38 error: gateway.listen: expected HOST:PORT such as \"127.0.0.1:7420\", or "
              "\"off\"",
              "2:46 error: unknown key \"lisen\" in \"gateway\" (did you mean \"listen\"?)",
              "3:22 error: defaults: \"port\" cannot be the same for every server",
              "3:44 error: unknown key \"restrat\" in \"defaults\" (did you mean \"restart\"?)",
              "3:82 error: maxConcurrentStarts: out of range; expected 1 to 1000000"});
}

TEST_CASE("a file without servers says how to write them") {
  CHECK(told("") == Lines{"1:1 error: the file is empty (start with {\"mcpServers\": {}})"});
  CHECK(told("[]") ==
        Lines{"1:1 error: expected an object such as {\"mcpServers\": {}}, found an array"});
  CHECK(told("{\"github\": {\"command\": \"x\"}}") ==
        Lines{"1:1 error: no \"mcpServers\" (or \"servers\") stands here (put the servers into "
              "\"mcpServers\": {…})"});
}

TEST_CASE("a ${ that is no variable stays, with a warning") {
  CHECK(told(R"({"mcpServers": {"a": {"command": "a",
"args": ["${x y}", "${OPEN", "$${fine}", "$HOME"]}}})") ==
        Lines{"2:10 warning: args[0]: a ${…} that is no variable's name stays as it is (write $${ "
              "for a literal \"${\")",
              "2:20 warning: args[1]: a \"${\" is never closed; it stays as it is (write $${ for a "
              "literal \"${\", or add the \"}\")"});
}

TEST_CASE("half a file brings only the error that ended it") {
  CHECK(told("{\"mcpServers\": {\"a\": {\"command\": [\"a\"}, \"x-mcpctl\": {\"x\": 1}}}") ==
        Lines{"1:38 error: expected \"]\" for the \"[\" of line 1, found \"}\""});
}

TEST_CASE("no problem shows a secret, not even the line it stands in") {
  const TestWorld here;
  for (const std::string text : {
           R"({"mcpServers": {"a": {"env": {"API_KEY": "hunter2-x", "X": tru}}}})",
           R"({"mcpServers": {"a": {"env": {"API_KEY": hunter2-x, }}}})",
           "{\"mcpServers\": {\"a\": {\"env\": {\"API_KEY\": \"hunter2-x\n\"}}}}",
           R"({"mcpServers": {"a": ["x"}, "env": {"API_KEY": "hunter2-x"}}}})",
           R"({"mcpServers": {"a": {"url": "ws://joe:hunter2-x@h/"}}})",
           R"({"mcpServers": {"a": {"url": "ws://h/?token=hunter2-x"}}})",
           R"({"mcpServers": {"a": {"headers": {"X-Any": "hunter2-x", "B": 1}}}})",
           R"({"mcpServers": {"a": {"args": ["--password", "hunter2-x", 5]}}})",
           R"({"mcpServers": {"a": {"args": ["--api-key=hunter2-x", 5]}}})",
           R"({"mcpServers": {"a": {"env": {"KEY": ["hunter2-x"]}}}})",
           R"({"mcpServers": {"a": {"apiKey": "hunter2-x"}}})",
           R"({"mcpServers": {"a": {"env": {"DB": "postgres://u:hunter2-x@db/x", "Y": []}}}})",
       }) {
    CAPTURE(text);
    const std::string output = shown(here.read(text));
    CHECK(output.find("hunter2") == std::string::npos);
    CHECK(output.find("error") != std::string::npos);
  }
}

TEST_CASE("what a variable brought into a message is redacted") {
  const TestWorld here{{{"MY_TOKEN", "hunter2-x"}}, {}};

  const Reading reading = here.read(R"({"mcpServers": {
      "a": {"command": "a", "x-mcpctl": {"user": "${MY_TOKEN}"}},
      "b": {"command": "b", "envFile": "${MY_TOKEN}.env"}}})");

  REQUIRE(reading.problems.size() == 1);
  CHECK(reading.problems[0].message == "cannot find user \"[redacted]\": no such user");
  REQUIRE(reading.config.unusable.size() == 1);
  CHECK(reading.config.unusable[0].why ==
        "cannot read envFile /srv/app/[redacted].env: no such file");
}

TEST_CASE("a covered secret keeps the caret in place") {
  const TestWorld here;

  const Reading reading = here.read(
      "{\"mcpServers\": {\"auth\": {\"command\": \"a\",\n"
      "\"env\": {\"T_KEY\": \"hunter2\", \"B\": true}}}}");

  CHECK(shown(reading) ==
        R"(/srv/app/mcp.json:2:34: error: env.B: expected a string, found a boolean
   2 | "env": {"T_KEY": "[redacted]", "B": true}}}}
     |                                     ^~~~
     = put it in double quotes
)");
}

TEST_CASE("a long line is cut around the caret") {
  const TestWorld here;
  const std::string x(3000, 'x');

  const Reading reading = here.read("{\"mcpServers\": {\"a\": {\"command\": \"a\", \"args\": [\"" +
                                    x + "\", 5, \"" + x + "\"]}}}");

  REQUIRE(reading.problems.size() == 1);
  const Problem& problem = reading.problems[0];
  CHECK(problem.where.column == 3052);
  CHECK(problem.source_line ==
        "…" + std::string(36, 'x') + "\", 5, \"" + std::string(76, 'x') + "…");
  CHECK(problem.caret == 40);
}

TEST_CASE("control characters and invalid bytes of a file reach no terminal") {
  const TestWorld here;

  const std::string output =
      shown(here.read("{\"mcpServers\": {\"a\": {\"x-mcpctl\": {\"\x1b[31m\xff\": 1}}}}"));

  CHECK(output.find('\x1b') == std::string::npos);
  CHECK(output.find('\xff') == std::string::npos);
}
