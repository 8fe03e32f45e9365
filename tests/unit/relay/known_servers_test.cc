// What is written of servers for the next supervisor, and what is read of it.
#include "relay/known_servers.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "tests/unit/relay/relay_fixture.h"

namespace mcpctl::relay {
namespace {

using Items = std::vector<std::string>;

KnownServer known_server(Items tools) {
  KnownServer server{"0f1e", server_of(mcp::Era::legacy), {}};
  server.profile.instructions = R"("say \"please\"")";
  server.lists[0] = std::move(tools);
  server.lists[2] = Items{};
  return server;
}

/// A file with one server that has this in it.
std::string file_with(const std::string& members) {
  return R"({"version":1,"servers":{"a":{"revision":"2025-11-25")" + members + "}}}";
}

bool is_known(const std::string& members) {
  const auto servers = decode_known_servers(file_with(members));
  REQUIRE(servers.has_value());
  return servers->contains("a");
}

TEST_CASE("servers survive being written and read, byte by byte") {
  const Items tools{R"({"name":"echo","x":1.0e400,"name":"again"})", R"({ "name" : "\u00e9" })"};

  const auto read = decode_known_servers(encode({{"a b", known_server(tools)}}));

  REQUIRE(read.has_value());
  REQUIRE(read->contains("a b"));
  const KnownServer& server = read->at("a b");
  CHECK(server.identity == "0f1e");
  CHECK(server.profile.era == mcp::Era::legacy);
  CHECK(server.profile.revision == mcp::newest_legacy);
  CHECK(server.profile.server_info == server_of(mcp::Era::legacy).server_info);
  CHECK(server.profile.instructions == R"("say \"please\"")");
  CHECK(server.lists[0] == tools);
  CHECK_FALSE(server.lists[1].has_value());
  CHECK(server.lists[2] == Items{});
}

TEST_CASE("a damaged file of lists is an error, never a crash") {
  for (const char* text : {"", "[]", "{}", R"({"version":2})", R"({"version":1)"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_known_servers(text).has_value());
  }
  CHECK_FALSE(decode_known_servers(std::string(100'000, '[')).has_value());
  CHECK(decode_known_servers(R"({"version":1})")->empty());
}

TEST_CASE("a server whose words make no sense is not known") {
  CHECK(is_known(""));
  CHECK(is_known(R"(,"tools/list":["{\"name\":\"echo\"}"])"));
  CHECK_FALSE(is_known(R"(,"tools/list":{})"));
  CHECK_FALSE(is_known(R"(,"tools/list":[1])"));
  CHECK_FALSE(is_known(R"(,"tools/list":["[]"])"));
  CHECK_FALSE(is_known(R"(,"tools/list":["{\"name\":}"])"));
  CHECK_FALSE(is_known(R"(,"tools/list":["{},{}"])"));
  CHECK_FALSE(is_known(R"(,"tools/list":["{}},\"id\":1,\"y\":{\"z\":{}"])"));
  CHECK_FALSE(is_known(R"(,"tools/list":["{\n}"])"));
  CHECK_FALSE(is_known(R"(,"capabilities":"\"tools\"")"));
  CHECK_FALSE(decode_known_servers(R"({"version":1,"servers":{"a":{"revision":"1999-01-01"}}})")
                  ->contains("a"));
}

TEST_CASE("what is too much is not written") {
  const Items much{R"({"name":")" + std::string(most_known_of_one, 'x') + R"("})"};
  CHECK(decode_known_servers(encode({{"much", known_server(much)}, {"a", known_server({})}}))
            ->size() == 1);

  KnownServers many;
  const Items half{R"({"name":")" + std::string(most_known_of_one / 2, 'x') + R"("})"};
  for (int i = 0; i < 40; ++i) many.emplace(std::to_string(i), known_server(half));
  CHECK(encode(many).size() < 16u << 20);
}

}  // namespace
}  // namespace mcpctl::relay
