#include "bench/stdio_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace mcpctl::bench {

StdioServer::StdioServer(std::string program) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], 0);
  posix_spawn_file_actions_adddup2(&files, out[1], 1);
  std::array<char*, 2> words{program.data(), nullptr};
  ::posix_spawn(&process_, program.c_str(), &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  ::close(in[0]);
  ::close(out[1]);
  requests_ = in[1];
  answers_ = out[0];
}

StdioServer::~StdioServer() {
  ::close(requests_);
  ::close(answers_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

bool StdioServer::ask(std::string_view line) {
  const auto size = static_cast<ssize_t>(line.size());
  if (::write(requests_, line.data(), line.size()) != size) return false;
  std::string answer;
  std::array<char, 4096> buffer;
  while (!answer.ends_with('\n')) {
    const ssize_t got = ::read(answers_, buffer.data(), buffer.size());
    if (got <= 0) return false;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return answer.find("\"result\":") != std::string::npos;
}

}  // namespace mcpctl::bench
