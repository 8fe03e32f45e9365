// Durations, sizes, suggestions, dotenv files, ${…}, URLs and names of secrets.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>

#include "config/dotenv.h"
#include "config/duration.h"
#include "config/expand.h"
#include "config/names.h"
#include "config/secrets.h"
#include "config/suggest.h"
#include "config/url.h"
#include "config/utf8.h"
#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;
using namespace std::chrono_literals;

TEST_CASE("durations are numbers with falling units") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("10s") == 10s);
  CHECK(parse_duration("1m30s") == 90s);
  CHECK(parse_duration("1.5h") == 90min);
  CHECK(parse_duration("0.25s") == 250ms);
  CHECK(parse_duration("1d2h3m4s5ms") == 26h + 3min + 4s + 5ms);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("365d") == longest_duration);
  CHECK(parse_duration("0.9999s") == 999ms);
}

TEST_CASE("what is no duration says why") {
  const auto why = [](std::string_view text) { return parse_duration(text).error().message; };
  CHECK(why("") == "a duration is missing");
  CHECK(why("10") == "the unit is missing; use ms, s, m, h or d");
  CHECK(why("s") == "not a duration; write a number and a unit, such as \"10s\"");
  CHECK(why("-5s") == "not a duration; write a number and a unit, such as \"10s\"");
  CHECK(why("10sec") == "unknown unit \"sec\"; use ms, s, m, h or d");
  CHECK(why("30s1m") == "the units must fall, each used once, as in \"1h30m\"");
  CHECK(why("1s1s") == "the units must fall, each used once, as in \"1h30m\"");
  CHECK(why("366d") == "longer than a year");
  CHECK(why("99999999999999999999s") == "longer than a year");
}

TEST_CASE("durations and sizes survive being written and read again") {
  for (const Duration duration : {0ms, 1ms, 250ms, 90'000ms, 86'400'000ms, 86'461'001ms}) {
    CHECK(parse_duration(format_duration(duration)) == duration);
  }
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(-1500ms) == "-1s500ms");
  for (const std::uint64_t bytes : {0ull, 1ull, 1000ull, 1024ull, 10ull << 20, 1ull << 59}) {
    CHECK(parse_size(format_size(bytes)) == bytes);
  }
  CHECK(format_size(10u << 20) == "10MiB");
  CHECK(format_size(1536u << 10) == "1536KiB");
}

TEST_CASE("sizes count in 1024s, unless a lone B asks for 1000s") {
  CHECK(parse_size("512MiB") == 512u << 20);
  CHECK(parse_size("10MB") == 10'000'000);
  CHECK(parse_size("64k") == 65536);
  CHECK(parse_size("1.5 GiB") == 1536u << 20);
  CHECK(parse_size("4096B") == 4096);
  CHECK(parse_size("99999999TiB").error().message == "too large");
  CHECK(parse_size("99999999999999999999").error().message == "too large");
  CHECK(parse_size("1MiB2").error().message ==
        "not a size; write a number and a unit, such as \"512MiB\"");
}

TEST_CASE("a suggestion is near, and nothing is suggested for what is far") {
  constexpr std::array<std::string_view, 4> words{"restart", "readiness", "liveness", "port"};
  CHECK(closest("restrat", words) == "restart");
  CHECK(closest("Liveness", words) == "liveness");
  CHECK(closest("liveliness", words) == "liveness");
  CHECK(closest("prot", words) == "port");
  CHECK_FALSE(closest("memory", words).has_value());
  CHECK_FALSE(closest("", words).has_value());
  CHECK_FALSE(closest(std::string(100'000, 'x'), words).has_value());
  CHECK(edit_distance("ab", "ba", 3) == 1);
  CHECK(edit_distance("kitten", "sitting", 5) == 3);
}

TEST_CASE("a dotenv file is read as shells and editors write it") {
  const auto variables = parse_dotenv(
      "\xef\xbb\xbf# head\r\nA=1\r\n\n export B = two words # note\nC='$literal \\n' # note\n"
      "D=\"line\\nbreak \\\"q\\\" $x\"\nE=\nF=a#b\nG=\"two\nlines\"\nA=again\nH=x=y\nI=#none");

  CHECK(variables == Variables{{"A", "again"},
                               {"B", "two words"},
                               {"C", "$literal \\n"},
                               {"D", "line\nbreak \"q\" $x"},
                               {"E", ""},
                               {"F", "a#b"},
                               {"G", "two\nlines"},
                               {"H", "x=y"},
                               {"I", ""}});
}

TEST_CASE("a broken dotenv file names the line, not its text") {
  const auto why = [](std::string_view text) { return parse_dotenv(text).error().message; };
  CHECK(why("A=1\nsecret") == "line 2: expected NAME=value");
  CHECK(why("A=\"x\ny\"\n=z") == "line 3: not a name of a variable before \"=\"");
  CHECK(why("A B=1") == "line 1: not a name of a variable before \"=\"");
  CHECK(why("A=\"secret") == "line 1: a quote is never closed");
  CHECK(why("A='x' y") == "line 1: unexpected text after the closing quote");
  CHECK(why(std::string_view{"A=\0", 3}) == "a NUL byte stands in it");
}

TEST_CASE("variables expand in all the spellings of the hosts") {
  const TestWorld here{{{"A", "1"}, {"EMPTY", ""}}, {}};
  const World world = here.world();
  const Scope scope = scope_of("/p/.vscode/mcp.json", world);
  const auto text = [&](std::string_view of) { return expand(of, scope).text; };

  CHECK(text("${A}-${env:A}") == "1-1");
  CHECK(text("${NO:-x}${env:NO:-y}${EMPTY:-z}${EMPTY}") == "xyz");
  CHECK(text("${NO:-${NOR:-${A}}}") == "1");
  CHECK(text("${NO:-}") == "");
  CHECK(text("$${A} $A {A} $") == "${A} $A {A} $");
  CHECK(text("${PORT}") == "${PORT}");
  CHECK(text("${workspaceFolder}:${workspaceFolderBasename}:${userHome}") == "/p:p:/home/ann");
  CHECK(expand("${PORT}", scope).uses_port);
  CHECK(expand("${command:pick}", scope).missing ==
        std::vector<std::string>{"${command:…} means something only in an editor"});
  CHECK(text(escape_expansion("${A} $${B} $x ${PORT}")) == "${A} $${B} $x ${PORT}");
}

TEST_CASE("defaults within defaults end somewhere") {
  const TestWorld here;
  const World world = here.world();
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "${X:-";
  deep += std::string(100'000, '}');

  CHECK(expand(deep, scope_of("/p/mcp.json", world)).untouched.size() == 1);
}

TEST_CASE("names tell secrets from what only looks like one") {
  for (const char* name : {"GITHUB_TOKEN", "OPENAI_API_KEY", "dbPassword", "x-api-key", "APIKEY",
                           "AWS_SECRET_ACCESS_KEY", "MYTOKEN", "Authorization", "PGPASSWORD",
                           "GOOGLE_CREDENTIALS", "--auth", "AWS_ACCESS_KEY_ID", "Cookie"}) {
    CAPTURE(name);
    CHECK(is_secret_name(name));
  }
  for (const char* name : {"PATH", "HOME", "KEYBOARD", "MONKEY", "TOKENIZER", "AUTHOR",
                           "SSH_AUTH_SOCK", "TOKEN_URL", "SECRET_FILE", "COMPASS", ""}) {
    CAPTURE(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("secrets are gathered from wherever they enter, but not common words") {
  const TestWorld here{{{"MY_TOKEN", "fromenv-1"}}, {}};

  const Reading reading = here.read(R"({"mcpServers": {"a": {"command": "a",
      "args": ["--api-key", "arg-one", "--token=arg-two", "${MY_TOKEN}", "plain"],
      "env": {"A_KEY": "true", "B_KEY": "abc", "C_KEY": "envvalue", "MAX_TOKENS": "4096",
              "DB": "postgres://joe:pa55w0rd@db/x", "PEM_KEY": "-----BEGIN-----\nAAAABBBBCCCC\n"}},
    "b": {"url": "https://b.example/?api_key=querykey&x=1",
          "headers": {"Authorization": "Bearer headertoken", "Accept": "application/json"}}}})");

  CHECK(reading.config.secrets ==
        std::vector<std::string>{"-----BEGIN-----\nAAAABBBBCCCC\n", "Bearer headertoken",
                                 "AAAABBBBCCCC", "joe:pa55w0rd", "headertoken", "fromenv-1",
                                 "envvalue", "pa55w0rd", "querykey", "arg-one", "arg-two"});
}

TEST_CASE("redaction takes the longest secret, and its own mark is not touched") {
  CHECK(redact("x abcdef y abcd", {"abcdef", "abcd"}) == "x [redacted] y [redacted]");
  CHECK(redact("abcd", {"abcd", "redacted"}) == "[redacted]");
  CHECK(redact("nothing", {}) == "nothing");
  CHECK(redact("nothing", {""}) == "nothing");
}

TEST_CASE("a URL is split as far as a port, and told off without being quoted") {
  CHECK(split_url("https://u:p@host:8443/x?y#z")->host == "host");
  CHECK(split_url("https://u:p@host:8443/x?y#z")->port == 8443);
  CHECK(split_url("HTTP://[::1]:80")->host == "[::1]");
  CHECK(split_url("http://127.0.0.1:${PORT}/mcp")->port_is_variable);
  CHECK_FALSE(split_url("http://h")->port.has_value());
  for (const char* url : {"", "h", "unix:///x", "http://", "http:///x", "http://h:0", "http://h:x",
                          "http://h:65536", "http://[::1", "http://[::1]x", "http://a b"}) {
    CAPTURE(url);
    CHECK_FALSE(split_url(url).has_value());
  }
}

TEST_CASE("numbers of signals and limits are this kernel's") {
  const std::array<int, 9> signals{SIGTERM, SIGINT,  SIGHUP,   SIGQUIT, SIGUSR1,
                                   SIGUSR2, SIGABRT, SIGWINCH, SIGKILL};
  for (std::size_t i = 0; i < signals.size(); ++i) CHECK(signal_names[i].second == signals[i]);
  const std::array<int, 9> limits{RLIMIT_NOFILE, RLIMIT_CORE,  RLIMIT_AS,
                                  RLIMIT_DATA,   RLIMIT_STACK, RLIMIT_NPROC,
                                  RLIMIT_CPU,    RLIMIT_FSIZE, RLIMIT_MEMLOCK};
  for (std::size_t i = 0; i < limits.size(); ++i) CHECK(limit_names[i].resource == limits[i]);
  CHECK(RLIM_INFINITY == ~rlim_t{0});
}

TEST_CASE("quoting for messages keeps terminals safe and lines short") {
  CHECK(in_quotes("caf\u00e9") == "\"caf\u00e9\"");
  CHECK(in_quotes("a\x1b[0m\nb\x7f\xff\xc2\x9b") == "\"a\ufffd[0m\ufffdb\ufffd\ufffd\ufffd\"");
  CHECK(in_quotes(std::string(200, 'x')) == "\"" + std::string(80, 'x') + "…\"");
}
