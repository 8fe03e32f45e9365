#include "spawn/environment.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::spawn;

namespace {

using Lines = std::vector<std::string>;

const char* const ours[] = {"HOME=/root",
                            "PATH=/bin",
                            "LC_ALL=C",
                            "https_proxy=http://proxy:3128",
                            "TERM=() { :;}; echo pwned",
                            "AWS_SECRET_ACCESS_KEY=secret",
                            "NOTIFY_SOCKET=/run/systemd/notify",
                            "WATCHDOG_USEC=1",
                            "MCPCTL_ID=an outer supervisor's",
                            "PATH=/second",
                            "no equals sign",
                            "=nameless",
                            nullptr};

const SupervisorInstance writer{4711, 123456, 4026531836, "0a1b-2c3d"};

}  // namespace

TEST_CASE("only harmless variables are inherited") {
  CHECK(build_environment({}, ours) ==
        Lines{"HOME=/root", "LC_ALL=C", "PATH=/bin", "https_proxy=http://proxy:3128"});
}

TEST_CASE("more is inherited by name, and a shell function never is") {
  config::InheritEnv inherit;
  inherit.names = {"AWS_SECRET_ACCESS_KEY", "TERM", "NOTIFY_SOCKET"};
  EnvironmentSpec spec;
  spec.inherit = &inherit;

  const auto environment = build_environment(spec, ours);

  CHECK(value_in(environment, "AWS_SECRET_ACCESS_KEY") == "secret");
  CHECK(value_in(environment, "TERM").empty());
  CHECK(value_in(environment, "NOTIFY_SOCKET").empty());
}

TEST_CASE("even a whole inheritance leaves out what speaks of the supervisor itself") {
  config::InheritEnv inherit;
  inherit.all = true;
  EnvironmentSpec spec;
  spec.inherit = &inherit;

  CHECK(build_environment(spec, ours) == Lines{"AWS_SECRET_ACCESS_KEY=secret", "HOME=/root",
                                               "LC_ALL=C", "PATH=/bin",
                                               "https_proxy=http://proxy:3128"});
}

TEST_CASE("configured values win over inherited ones and over the port, never over the cookie") {
  const config::Variables configured{{"PATH", "/opt/bin"},
                                     {"PORT", "9"},
                                     {"MCPCTL_ID", "forged"},
                                     {"SHELL_FUNCTION", "() { :; }"}};
  EnvironmentSpec spec;
  spec.configured = &configured;
  spec.port = 8080;
  spec.cookie = Cookie{"fleet", "server", {3}, writer};

  const auto environment = build_environment(spec, ours);

  CHECK(value_in(environment, "PATH") == "/opt/bin");
  CHECK(value_in(environment, "PORT") == "9");
  CHECK(value_in(environment, "SHELL_FUNCTION") == "() { :; }");  // configured is meant
  CHECK(value_in(environment, "MCPCTL_ID") == "fleet/server/3/4711.123456.4026531836.0a1b-2c3d");
}

TEST_CASE("a server with an identity of its own gets that user's home and name") {
  config::Identity identity;
  identity.name = "nobody";
  identity.home = "/nonexistent";
  EnvironmentSpec spec;
  spec.identity = &identity;
  spec.port = 8080;

  const auto environment = build_environment(spec, ours);

  CHECK(value_in(environment, "HOME") == "/nonexistent");
  CHECK(value_in(environment, "USER") == "nobody");
  CHECK(value_in(environment, "LOGNAME") == "nobody");
  CHECK(value_in(environment, "PORT") == "8080");
}

TEST_CASE("a value is found by its whole name") {
  const Lines environment{"PATHS=1", "PATH=2"};

  CHECK(value_in(environment, "PATH") == "2");
  CHECK(value_in(environment, "PAT").empty());
}

TEST_CASE("a cookie survives the way through the environment, whatever the names") {
  for (const char* name : {"github", "@scope/server", "100%", "a=b c", "ünïcode", "x.y", ""}) {
    const Cookie cookie{name, name, {7}, writer};

    const std::string text = to_string(cookie);

    CHECK(text.find_first_of("= \n") == std::string::npos);
    CHECK(parse_cookie(text) == cookie);
  }
}

TEST_CASE("what is no cookie is not understood") {
  for (const char* text : {"", "a/b/1", "a/b/1/2.3.4", "a/b/x/1.2.3.boot", "a/b/1/1.2.3.boot/more",
                           "a/b/1/-.2.3.boot", "a%2/b/1/1.2.3.boot", "a%zz/b/1/1.2.3.boot",
                           "a/b/99999999999/1.2.3.boot", "a/b/1/1.2.3.boot.more"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cookie(text));
  }
}

TEST_CASE("this process knows who it is") {
  const auto self = SupervisorInstance::current();

  CHECK(self.pid > 0);
  CHECK(self.start_time > 0);
  CHECK(self.pid_namespace > 0);
  CHECK(self.boot_id.size() == 36);
  CHECK(self == SupervisorInstance::current());
}
