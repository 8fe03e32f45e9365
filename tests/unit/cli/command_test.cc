#include "cli/command.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>
#include <future>
#include <string>

using namespace mcpctl::cli;

TEST_CASE("what is printed arrives whole, also where stdout does not block") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  ::fcntl(ends[0], F_SETFL, 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  const std::string text(1'000'000, 'x');
  auto arrived = std::async(std::launch::async, [from = ends[0]] {
    std::string all;
    char piece[4096];
    for (ssize_t got = 0; (got = ::read(from, piece, sizeof piece)) > 0;) {
      all.append(piece, static_cast<std::size_t>(got));
    }
    return all;
  });

  const int out = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  print(text);
  ::dup2(out, STDOUT_FILENO);
  for (const int fd : {out, ends[1]}) ::close(fd);

  CHECK(arrived.get() == text);
  ::close(ends[0]);
}
