#include "config/glob.h"

#include <doctest/doctest.h>

#include <string>

using namespace mcpctl::config;

TEST_CASE("a star stays within one name") {
  CHECK(matches_glob("/src/*.js", "/src/a.js"));
  CHECK(matches_glob("/src/a*c*.js", "/src/abcd.js"));
  CHECK(matches_glob("/src/*", "/src/a"));
  CHECK_FALSE(matches_glob("/src/*.js", "/src/lib/a.js"));
  CHECK_FALSE(matches_glob("/src/*.js", "/src/a.ts"));
  CHECK_FALSE(matches_glob("/src/*.js", "/src/a.js.map"));
}

TEST_CASE("a question mark is one character, and no slash") {
  CHECK(matches_glob("a?c", "abc"));
  CHECK_FALSE(matches_glob("a?c", "ac"));
  CHECK_FALSE(matches_glob("a?c", "a/c"));
}

TEST_CASE("two stars are any number of folders, also none") {
  CHECK(matches_glob("/src/**/*.py", "/src/a.py"));
  CHECK(matches_glob("/src/**/*.py", "/src/x/y/a.py"));
  CHECK(matches_glob("/src/**", "/src/x/y"));
  CHECK(matches_glob("**/lib/**/a", "x/lib/y/lib/a"));
  CHECK_FALSE(matches_glob("/src/**/*.py", "/lib/a.py"));
  CHECK_FALSE(matches_glob("/src/**/lib/a", "/src/lib/b"));
}

TEST_CASE("hidden names are matched by name only") {
  CHECK_FALSE(matches_glob("/src/*", "/src/.env"));
  CHECK_FALSE(matches_glob("/src/**", "/src/.git/HEAD"));
  CHECK_FALSE(matches_glob("/src/**/HEAD", "/src/.git/HEAD"));
  CHECK(matches_glob("/src/.env", "/src/.env"));
  CHECK(matches_glob("/src/.env*", "/src/.env.local"));
  CHECK(matches_glob("/home/.config/**", "/home/.config/a"));
}

TEST_CASE("a pattern made of stars takes no time") {
  std::string pattern;
  std::string path;
  for (int i = 0; i < 2000; ++i) {
    pattern += "**/a*a*a*/";
    path += "aaaa/";
  }
  CHECK_FALSE(matches_glob(pattern + "b", path + "c"));
  CHECK_FALSE(matches_glob(std::string(5000, '*') + "b", std::string(5000, 'a')));
}
