#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace mcpctl::tests {

namespace {

using Clock = std::chrono::steady_clock;

int remaining_ms(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Program::Program(const std::string& name, std::vector<std::string> arguments,
                 std::vector<std::string> env) {
  std::signal(SIGPIPE, SIG_IGN);
  std::string path = std::string{MCPCTL_BINARY_DIR} + "/examples/" + name;
  arguments.insert(arguments.begin(), path);
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(env);
  std::array<int, 2> in{}, out{}, err{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0 ||
      pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot make pipes");
  }
  pid_ = fork();
  if (pid_ == 0) {
    setpgid(0, 0);
    std::signal(SIGPIPE, SIG_DFL);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    close_range(3, ~0U, 0);  // what our own parent left open
    execve(path.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  setpgid(pid_, pid_);
  for (const int fd : {in[0], out[1], err[1]}) close(fd);
  input_ = in[1];
  output_.fd = out[0];
  errors_.fd = err[0];
}

Program::~Program() {
  close_stdin();
  if (!status_) kill(-pid_, SIGKILL);
  wait();
  kill(-pid_, SIGKILL);  // members that outlived their leader
  close(output_.fd);
  close(errors_.fd);
}

void Program::send(const std::string& line) {
  const std::string text = line + '\n';
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t done = write(input_, text.data() + sent, text.size() - sent);
    if (done < 0) return;
    sent += static_cast<std::size_t>(done);
  }
}

void Program::close_stdin() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

void Program::signal(int number) const { kill(pid_, number); }

bool Program::fill(Stream& stream, Clock::time_point end) {
  pollfd watched{stream.fd, POLLIN, 0};
  if (stream.ended || poll(&watched, 1, remaining_ms(end)) <= 0) return false;
  std::array<char, 65536> buffer;
  const ssize_t got = read(stream.fd, buffer.data(), buffer.size());
  if (got <= 0) {
    stream.ended = true;
    return false;
  }
  stream.buffer.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> Program::line_of(Stream& stream, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  std::size_t searched = 0;
  std::size_t newline;
  while ((newline = stream.buffer.find('\n', searched)) == std::string::npos) {
    searched = stream.buffer.size();
    if (!fill(stream, end)) return std::nullopt;
  }
  std::string found = stream.buffer.substr(0, newline);
  stream.buffer.erase(0, newline + 1);
  return found;
}

std::optional<std::string> Program::line(std::chrono::milliseconds limit) {
  return line_of(output_, limit);
}

std::optional<std::string> Program::error_line() { return line_of(errors_, patience); }

std::string Program::all_errors() {
  const auto end = Clock::now() + patience;
  while (fill(errors_, end)) {
  }
  return std::exchange(errors_.buffer, {});
}

std::string Program::ask(const std::string& request) {
  send(request);
  return line().value_or("");
}

std::optional<int> Program::wait(std::chrono::milliseconds limit) {
  if (status_) return status_;
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd watched{handle, POLLIN, 0};
  const bool ended = poll(&watched, 1, static_cast<int>(limit.count())) > 0;
  close(handle);
  int status = 0;
  if (ended && waitpid(pid_, &status, 0) == pid_) status_ = status;
  return status_;
}

bool is_alive(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  if (!std::getline(file, text)) return false;
  const std::size_t state = text.rfind(") ");
  return state != std::string::npos && text[state + 2] != 'Z' && text[state + 2] != 'X';
}

}  // namespace mcpctl::tests
