#include "sdk/stdio.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "loop/pipe_reader.h"
#include "loop/pipe_writer.h"
#include "loop/signal.h"
#include "mcp/framing.h"
#include "mcp/text.h"
#include "sdk/peer.h"

namespace sdk {

namespace {

namespace loop = mcpctl::loop;

/// Unread answers beyond this stop our reading; a client that does not read gets no more
/// work done.
constexpr std::size_t unread_answers = 1u << 20;

/// Files and the like, which no poll can watch, are read and written plainly.
bool is_pollable(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
}

class Stdio {
 public:
  Stdio(Server& server, loop::Loop& loop) : loop_(loop), peer_(std::in_place, server) {}

  int run() {
    loop::ignore_sigpipe();
    if (is_pollable(STDOUT_FILENO)) {
      auto writer = loop::PipeWriter::open(
          loop_, loop::Fd{STDOUT_FILENO}, 64u << 20,
          {.on_drained = [this] { resume(); }, .on_broken = [this](auto) { end_of_input(); }});
      if (!writer) return fail(writer.error());
      writer_.emplace(std::move(*writer));
    }
    if (!is_pollable(STDIN_FILENO)) return run_on_file();
    auto reader = loop::PipeReader::open(
        loop_, loop::Fd{STDIN_FILENO},
        {.on_data = [this](std::string_view bytes) { take(bytes); },
         .on_end = [this](std::optional<mcpctl::Error>) { end_of_input(); }});
    if (!reader) return fail(reader.error());
    reader_.emplace(std::move(*reader));
    loop_.run();
    return 0;
  }

 private:
  static int fail(const mcpctl::Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
  }

  int run_on_file() {
    std::array<char, 65536> buffer;
    ssize_t got = 0;
    while ((got = ::read(STDIN_FILENO, buffer.data(), buffer.size())) > 0) {
      take({buffer.data(), static_cast<std::size_t>(got)});
    }
    end_of_input();
    loop_.run();
    return got == 0 ? 0 : 1;
  }

  void take(std::string_view bytes) {
    framer_.feed(bytes);
    while (auto frame = framer_.next()) receive(*frame);
    if (writer_ && reader_ && writer_->queued() > unread_answers) reader_->pause();
  }

  void receive(const mcpctl::mcp::LineFramer::Frame& frame) {
    if (frame.overlong) {
      std::fprintf(stderr, "skipped a message of %llu bytes\n",
                   static_cast<unsigned long long>(frame.size));
      return;
    }
    if (!peer_) return;
    peer_->receive(frame.line, {.notify = [this](std::string message) { send(message); },
                                .answer = [this](std::string message, int) { send(message); }});
  }

  void send(std::string message) {
    if (message.empty()) return;
    message += '\n';
    if (writer_) {
      writer_->write(message);
      return;
    }
    for (std::string_view rest = message; !rest.empty();) {
      const ssize_t done = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (done < 0 && errno != EINTR) return;
      rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
    }
  }

  void resume() {
    if (reader_ && reader_->is_open()) reader_->resume();
  }

  /// The client is gone: calls under way are cancelled, and when what was answered is
  /// written the loop has nothing left to wait for.
  void end_of_input() {
    if (auto frame = framer_.finish()) receive(*frame);
    peer_.reset();
    if (writer_) writer_->close_after_flush();
    loop_.post([this] { reader_.reset(); });
  }

  loop::Loop& loop_;
  mcpctl::mcp::LineFramer framer_;
  std::optional<loop::PipeWriter> writer_;
  std::optional<loop::PipeReader> reader_;
  std::optional<Peer> peer_;  ///< last, so its tools end before what they answer to
};

}  // namespace

int serve_stdio(Server& server, loop::Loop& loop) { return Stdio{server, loop}.run(); }

int serve_stdio(Server& server) {
  loop::Loop loop;
  return serve_stdio(server, loop);
}

}  // namespace sdk
