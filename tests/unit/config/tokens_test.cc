// gateway.tokens, and that none of them is kept.
#include <doctest/doctest.h>

#include "config/dump.h"
#include "config/sha256.h"
#include "fixture.h"

using namespace mcpctl;
using namespace mcpctl::config;

namespace {

std::string with_tokens(const std::string& tokens) {
  return R"({"mcpServers": {}, "x-mcpctl": {"gateway": {"tokens": )" + tokens + "}}}";
}

std::string hex(const std::array<std::uint8_t, 32>& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of the standard") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a token comes from the file, a variable, a file of its own or as its hash") {
  const TestWorld here{{{"CI_TOKEN", "0123456789abcdef-env"}},
                       {{"/srv/app/token", "0123456789abcdef-file\n"}}};
  const std::string hash = "sha256:" + hex(sha256("0123456789abcdef-hash"));

  const Reading reading = here.read(with_tokens(R"([
      {"name": "a", "token": "0123456789abcdef-text", "scopes": ["math.*"]},
      {"name": "b", "tokenEnv": "CI_TOKEN"},
      {"name": "c", "tokenFile": "token"},
      {"name": "d", "tokenHash": ")" + hash + R"("}])"));

  CHECK(shown(reading) == "");
  const std::vector<Token>& tokens = reading.config.gateway.tokens;
  REQUIRE(tokens.size() == 4);
  CHECK(tokens[0].digest == sha256("0123456789abcdef-text"));
  CHECK(tokens[0].scopes == std::vector<std::string>{"math.*"});
  CHECK(tokens[1].digest == sha256("0123456789abcdef-env"));
  CHECK(tokens[2].digest == sha256("0123456789abcdef-file"));
  CHECK(tokens[3].digest == sha256("0123456789abcdef-hash"));
  CHECK(to_json(reading.config, false).find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a token that opens nothing, or too much, is an error") {
  const TestWorld here;

  const std::string problems = shown(here.read(with_tokens(R"([
      {"name": "short", "token": "abc"},
      {"name": "none"},
      {"tokenHash": "sha256:12"},
      {"name": "unset", "tokenEnv": "NOPE"},
      {"name": "lost", "tokenFile": "/no/file"},
      {"name": "two", "token": "0123456789abcdef", "tokenEnv": "X"}])")));

  const auto says = [&](std::string_view text) {
    CAPTURE(problems);
    CHECK(problems.find(text) != std::string::npos);
  };
  says("gateway.tokens[0]: a token has at least 16 letters, digits or signs, and no spaces");
  says("gateway.tokens[1]: expected one of \"token\", \"tokenFile\", \"tokenEnv\" and ");
  says("gateway.tokens[2]: a token needs a \"name\" for the logs");
  says("gateway.tokens[2]: expected \"sha256:\" and 64 hexadecimal digits");
  says("variable NOPE is not set");
  says("gateway.tokens[4]: cannot read \"/no/file\": no such file");
  says("gateway.tokens[5]: expected one of ");
}

TEST_CASE("an address that is not loopback without a token is warned of") {
  const TestWorld here;
  const auto problems = [&](const std::string& gateway) {
    return shown(here.read(R"({"mcpServers": {}, "x-mcpctl": {"gateway": )" + gateway + "}}"));
  };
  const std::string warning =
      "warning: gateway.listen: whoever reaches an address that is not loopback needs a token";

  for (const char* open : {"0.0.0.0:7420", "192.0.2.1:80", "[::]:7420"}) {
    CAPTURE(open);
    const std::string shown = problems(R"({"listen": ")" + std::string{open} + R"("})");
    CHECK(shown.find(warning) != std::string::npos);
    CHECK(shown.find("set gateway.tokens, or listen on 127.0.0.1") != std::string::npos);
  }
  for (const char* closed :
       {"127.0.0.1:7420", "127.0.0.2:7420", "localhost:80", "[::1]:80", "off"}) {
    CAPTURE(closed);
    CHECK(problems(R"({"listen": ")" + std::string{closed} + R"("})") == "");
  }
  CHECK(problems(R"({"listen": "0.0.0.0:80",
                     "tokens": [{"name": "ci", "token": "0123456789abcdef"}]})") == "");
}
