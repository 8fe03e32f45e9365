#include "http/url.h"

#include <doctest/doctest.h>

using namespace mcpctl;
using namespace mcpctl::http;

TEST_CASE("the parts of a URL are as written") {
  const auto plain = parse_url("http://Example.com:8080/mcp?x=1#part");
  REQUIRE(plain);
  CHECK(plain->scheme == Scheme::http);
  CHECK(plain->host == "Example.com");
  CHECK(plain->port == 8080);
  CHECK(plain->authority == "Example.com:8080");
  CHECK(plain->target == "/mcp?x=1");

  CHECK(parse_url("http://h")->target == "/");
  CHECK(parse_url("http://h?x")->target == "/?x");
  CHECK(parse_url("http://h")->port == 80);
  CHECK(parse_url("HTTPS://h")->port == 443);
  CHECK(parse_url("http://[::1]:81/x")->host == "::1");
  CHECK(parse_url("http://[::1]:81/x")->authority == "[::1]:81");
}

TEST_CASE("a unix URL names a socket and, after a colon, a target") {
  const auto local = parse_url("unix:/run/x.sock:/mcp");
  REQUIRE(local);
  CHECK(local->scheme == Scheme::unix_socket);
  CHECK(local->socket_path == "/run/x.sock");
  CHECK(local->target == "/mcp");
  CHECK(local->text() == "unix:/run/x.sock:/mcp");
  CHECK(parse_url("unix:///run/x.sock")->socket_path == "/run/x.sock");
}

TEST_CASE("what is no URL says why") {
  const auto why = [](std::string_view text) { return parse_url(text).error().message; };
  CHECK(why("localhost") ==
        "cannot use \"localhost\" as a URL: it has no scheme; write http://, https:// or unix:");
  CHECK(why("ftp://h") ==
        "cannot use \"ftp://h\" as a URL: the scheme must be http, https or unix");
  CHECK(why("http:h") == "cannot use \"http:h\" as a URL: after the scheme comes //");
  CHECK(why("http:///x") == "cannot use \"http:///x\" as a URL: it names no host");
  CHECK(why("http://h:0/") ==
        "cannot use \"http://h:0/\" as a URL: the port must be a number from 1 to 65535");
  CHECK(why("http://h:99999") ==
        "cannot use \"http://h:99999\" as a URL: the port must be a number from 1 to 65535");
  CHECK(why("http://[::1") == "cannot use \"http://[::1\" as a URL: the bracket is not closed");
  CHECK(why("http://user:secret@h/") ==
        "cannot use a URL with a user name or password: put it into a header");
  CHECK(why("unix:x.sock") ==
        "cannot use \"unix:x.sock\" as a URL: a unix socket needs an absolute "
        "path, as in unix:/run/x.sock");
  CHECK(why("http://h/a b") ==
        "cannot use \"http://h/a b\" as a URL: it has a space, a control character or a backslash");
}
