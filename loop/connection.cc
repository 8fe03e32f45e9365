#include "loop/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "loop/handle.h"
#include "loop/poll_events.h"
#include "loop/send_queue.h"
#include "loop/system_error.h"

namespace mcpctl::loop {

struct Connection::Watch : Handle<uv_poll_t> {
  Watch(Loop& owner, Fd socket, Callbacks all)
      : loop(owner), fd(std::move(socket)), callbacks(std::move(all)) {}

  Loop& loop;
  Fd fd;
  Callbacks callbacks;
  SendQueue queue;
  std::uint64_t sent{0};
  int error{0};  // an errno value: broken, to be reported by the next event
  Readiness watched;
  bool corked{false};
  bool paused{false};
  bool peer_closed{false};  // reported
  bool end_read{false};     // read() returned 0
  bool shutting_down{false};
  bool shut_down{false};
  bool broken{false};  // reported

  void release_descriptor() noexcept { fd.reset(); }

  /// Asks for exactly the events that something waits for.  A paused connection
  /// still wants to hear that its peer left.
  void update(bool force = false) noexcept {
    if (is_closing()) return;
    Readiness wanted;
    if (error != 0) {
      wanted.writable = !broken;  // a broken socket is always "writable": report from the loop
    } else {
      wanted.readable = !paused && !end_read;
      wanted.disconnected = paused && !peer_closed;
      wanted.writable = !queue.empty() && !corked;
    }
    if (wanted == watched && !force) return;
    watched = wanted;
    poll_for(raw, wanted, [](uv_poll_t* poll, int status, int events) noexcept {
      watch_of<Watch>(poll).on_event(status, readiness_of(status, events));
    });
  }

  void on_event(int status, Readiness ready) noexcept {
    if (ready.writable && !queue.empty() && error == 0) {
      flush();
      if (error == 0 && queue.empty() && callbacks.on_drained) callbacks.on_drained();
    }
    if (!is_closing() && ready.readable && !paused && !end_read && error == 0) read();
    if (!is_closing() && ready.disconnected && !peer_closed && error == 0) {
      if (status < 0) {
        error = socket_error();
      } else {
        report_peer_closed();
      }
    }
    if (!is_closing() && error != 0 && !broken) {
      broken = true;
      update(true);
      if (callbacks.on_broken) {
        callbacks.on_broken(system_error("cannot go on with a connection", error));
      }
    }
    update(status < 0);  // libuv stops watching when it reports an error
  }

  int socket_error() const noexcept {
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    return code != 0 ? code : ECONNRESET;
  }

  void report_peer_closed() noexcept {
    if (std::exchange(peer_closed, true)) return;
    update();
    if (callbacks.on_peer_closed) callbacks.on_peer_closed();
  }

  void read() noexcept {
    std::size_t taken = 0;
    while (taken < bytes_per_turn && !paused) {
      Loop::Scratch scratch{loop};
      const ssize_t got = ::recv(fd.get(), scratch.bytes().data(), Loop::Scratch::size, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) {
        error = errno;
        return;
      }
      if (got == 0) {
        end_read = true;
        report_peer_closed();
        if (!is_closing() && callbacks.on_end) callbacks.on_end();
        return;
      }
      taken += static_cast<std::size_t>(got);
      callbacks.on_data({scratch.bytes().data(), static_cast<std::size_t>(got)});
      if (is_closing() || error != 0) return;
      if (static_cast<std::size_t>(got) < Loop::Scratch::size) return;  // empty now, most likely
    }
  }

  /// What the kernel took; less than all when it takes no more, or on an error.
  std::size_t send(std::string_view bytes) noexcept {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
      const ssize_t put =
          ::send(fd.get(), bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL);
      if (put >= 0) {
        taken += static_cast<std::size_t>(put);
      } else if (errno != EINTR) {
        if (errno != EAGAIN) error = errno;
        break;
      }
    }
    sent += taken;
    return taken;
  }

  void flush() noexcept {
    if (!queue.empty() && error == 0) queue.pop(send(queue.front()));
    if (error != 0) queue.clear();
    if (queue.empty() && error == 0 && shutting_down && !std::exchange(shut_down, true)) {
      ::shutdown(fd.get(), SHUT_WR);
    }
    update();
  }
};

Result<Connection> Connection::open(Loop& loop, Fd socket, Callbacks callbacks) {
  const int descriptor = socket.get();
  auto watch = loop::open(
      std::make_unique<Watch>(loop, std::move(socket), std::move(callbacks)),
      [&](uv_poll_t* raw) noexcept { return uv_poll_init(loop.raw(), raw, descriptor); });
  if (!watch) return system_failure("cannot watch a connection", -watch.error());
  // Requests and events are small and latency matters; fails, harmlessly, for unix sockets.
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (*watch)->update();
  return Connection{std::move(*watch)};
}

Connection::Connection(Owned<Watch> watch) : watch_(std::move(watch)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

void Connection::pause() noexcept {
  watch_->paused = true;
  watch_->update();
}

void Connection::resume() noexcept {
  watch_->paused = false;
  watch_->update();
}

bool Connection::write(std::string_view bytes) {
  Watch& watch = *watch_;
  if (watch.error != 0 || watch.shutting_down) return false;
  const bool goes_now = watch.queue.empty() && !watch.corked;
  if (goes_now) bytes.remove_prefix(watch.send(bytes));
  if (watch.error == 0) watch.queue.append(bytes);
  if (goes_now) watch.update();
  return watch.error == 0;
}

void Connection::cork() noexcept { watch_->corked = true; }

void Connection::uncork() {
  watch_->corked = false;
  watch_->flush();
}

void Connection::shutdown() {
  watch_->shutting_down = true;
  watch_->flush();
}

std::size_t Connection::queued() const noexcept { return watch_->queue.size(); }
std::uint64_t Connection::sent() const noexcept { return watch_->sent; }
bool Connection::is_broken() const noexcept { return watch_->error != 0; }

std::optional<PeerCredentials> Connection::peer_credentials() const {
  int family = 0;
  socklen_t size = sizeof family;
  if (getsockopt(watch_->fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) return {};
  ucred raw{};
  size = sizeof raw;
  if (family != AF_UNIX ||
      getsockopt(watch_->fd.get(), SOL_SOCKET, SO_PEERCRED, &raw, &size) != 0) {
    return {};
  }
  return PeerCredentials{raw.pid, raw.uid, raw.gid};
}

}  // namespace mcpctl::loop
