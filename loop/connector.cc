#include "loop/connector.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "loop/system_error.h"
#include "loop/timer.h"

namespace mcpctl::loop {

struct Connector::Attempt {
  Attempt(Loop& owner, std::vector<Address> all, Done callback)
      : loop(owner), addresses(std::move(all)), done(std::move(callback)), soon(owner) {}

  Loop& loop;
  std::vector<Address> addresses;
  std::size_t next{0};
  Done done;
  Timer soon;  // delivers what was decided without waiting
  Fd socket;
  std::optional<Poll> poll;

  void fail(int code) noexcept {
    const Address& address = addresses[next - 1];
    poll.reset();
    socket.reset();
    if (next < addresses.size()) return try_next();
    soon.arm(Duration{0},
             [this, error = system_error("cannot connect to " + address.text(), code)]() mutable {
               finish(std::unexpected{std::move(error)});
             });
  }

  void finish(Result<Fd> outcome) noexcept {
    Done callback = std::move(done);
    callback(std::move(outcome));  // may destroy this
  }

  void try_next() noexcept {
    const Address& address = addresses[next++];
    socket.reset(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail(errno);
    if (::connect(socket.get(), address.raw(), address.size()) == 0) {
      soon.arm(Duration{0}, [this] { finish(std::move(socket)); });
      return;
    }
    // A unix socket with a full backlog answers EAGAIN, and no event follows.
    if (errno != EINPROGRESS) return fail(errno);
    auto watch = Poll::open(loop, socket.get(), [this](Readiness) { on_ready(); });
    if (!watch) return fail(ENOMEM);
    poll.emplace(std::move(*watch));
    poll->watch({.writable = true});
  }

  void on_ready() noexcept {
    int code = 0;
    socklen_t size = sizeof code;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
    if (code != 0) return fail(code);
    poll.reset();
    finish(std::move(socket));
  }
};

Connector::Connector(Loop& loop, std::vector<Address> addresses, Done done) {
  MCPCTL_ASSERT(!addresses.empty());
  attempt_ = std::make_unique<Attempt>(loop, std::move(addresses), std::move(done));
  attempt_->try_next();
}

Connector::~Connector() = default;

Result<Fd> connect_unix(const Address& address) {
  MCPCTL_ASSERT(address.is_unix());
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket || ::connect(socket.get(), address.raw(), address.size()) != 0) {
    return system_failure("cannot connect to " + address.text(), errno);
  }
  return socket;
}

}  // namespace mcpctl::loop
