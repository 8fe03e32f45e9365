#include "loop/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "loop/connector.h"
#include "loop/file_watch.h"
#include "loop/null_device.h"
#include "loop/poll.h"
#include "loop/socket_lock.h"
#include "loop/system_error.h"
#include "loop/timer.h"

namespace mcpctl::loop {

namespace {

constexpr int accepts_per_turn = 64;
constexpr Duration moment{50};
constexpr Duration rest{1000};  // after an error that a retry at once cannot mend

Fd accept_from(const Fd& socket) noexcept {
  return Fd{::accept4(socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
}

Result<Fd> new_socket(int family) {
  Fd socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return system_failure("cannot make a socket", errno);
  return socket;
}

/// Removes a socket file that nobody accepts on; anything else is an error.
Result<void> remove_stale(const std::string& path, const Address& address) {
  const std::string refusal = "cannot listen on " + path + ": ";
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return system_failure("cannot listen on " + path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) return failure(refusal + "the file there is not a socket");
  const Fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.get(), address.raw(), address.size()) == 0 || errno == EAGAIN) {
    return failure(refusal + "another process already accepts there");
  }
  if (errno != ECONNREFUSED && errno != ENOENT) {
    return system_failure("cannot tell whether " + path + " is in use", errno);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_failure("cannot remove the stale socket " + path, errno);
  }
  return {};
}

/// A listening socket at `path`, which must be free or stale; mode 0600 from the
/// first moment.
Result<Fd> listen_unix(const std::string& path, const Address& address) {
  if (auto removed = remove_stale(path, address); !removed) {
    return std::unexpected{removed.error()};
  }
  auto socket = new_socket(AF_UNIX);
  if (!socket) return socket;
  // Linux gives the file the mode of the socket itself, less the umask; the
  // process-wide umask stays untouched.
  ::fchmod(socket->get(), 0600);
  if (::bind(socket->get(), address.raw(), address.size()) != 0) {
    return system_failure("cannot listen on " + path, errno);
  }
  struct stat made{};
  if (::lstat(path.c_str(), &made) == 0 && (made.st_mode & 0777) != 0600) {
    ::chmod(path.c_str(), 0600);  // an umask that took our own bits away
  }
  if (::listen(socket->get(), SOMAXCONN) != 0) {
    return system_failure("cannot listen on " + path, errno);
  }
  return socket;
}

Result<Fd> listen_tcp(const Address& address) {
  auto socket = new_socket(address.family());
  if (!socket) return socket;
  const int on = 1;
  setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6) {
    setsockopt(socket->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(socket->get(), address.raw(), address.size()) != 0 ||
      ::listen(socket->get(), SOMAXCONN) != 0) {
    return system_failure("cannot listen on " + address.text(), errno);
  }
  return socket;
}

}  // namespace

struct Listener::State {
  State(Loop& owner, const Address& where, Callbacks both)
      : loop(owner),
        address(where),
        callbacks(std::move(both)),
        reserve(open_null_device()),
        resting(owner),
        restoring(owner) {}

  Loop& loop;
  Address address;
  Callbacks callbacks;
  Fd socket;
  std::optional<Poll> poll;
  Fd reserve;       // given up for a moment to accept and close when descriptors ran out
  Timer resting;    // from accepting
  Timer restoring;  // the socket file
  std::uint64_t refused{0};
  std::uint64_t refused_reported{0};
  Instant last_report{Duration{-1000}};
  bool paused{false};
  bool dropped{false};
  // Unix only.
  std::string path;
  struct stat file{};
  std::optional<SocketLock> lock;
  std::optional<FileWatch> file_watch;

  Result<void> take(Fd listening) {
    auto watch = Poll::open(loop, listening.get(), [this](Readiness) { accept_some(); });
    if (!watch) return std::unexpected{watch.error()};
    poll.reset();
    socket = std::move(listening);
    poll.emplace(std::move(*watch));
    poll->watch({.readable = !paused});
    return {};
  }

  void trouble(Error error) {
    if (callbacks.on_trouble) callbacks.on_trouble(std::move(error));
  }

  void accept_some() noexcept {
    for (int i = 0; i < accepts_per_turn && !paused && !dropped; ++i) {
      Fd accepted = accept_from(socket);
      if (accepted) {
        callbacks.on_accept(std::move(accepted));
        continue;
      }
      switch (errno) {
        case EAGAIN: return;
        case EINTR:
        case ECONNABORTED: continue;
        case EMFILE:
        case ENFILE:
          if (!refuse_one()) return;
          continue;
        default: return rest_after(errno);
      }
    }
  }

  /// Accepts one connection with the reserved descriptor and closes it, so that
  /// its peer learns at once and the loop does not spin.  False: nobody waits.
  bool refuse_one() noexcept {
    if (!reserve) {  // somebody was faster than our reopening
      reserve = open_null_device();
      rest_after(EMFILE);
      return false;
    }
    reserve.reset();
    Fd accepted = accept_from(socket);
    const bool was_one = static_cast<bool>(accepted);
    accepted.reset();
    reserve = open_null_device();
    if (!was_one) return false;
    ++refused;
    if (loop.now() - last_report >= rest) {
      last_report = loop.now();
      const auto count = refused - std::exchange(refused_reported, refused);
      trouble(Error{"cannot accept " + std::to_string(count) + " connections on " + address.text() +
                    ": out of file descriptors; closed at once"});
    }
    return true;
  }

  void rest_after(int code) noexcept {
    poll->watch({});
    resting.arm(rest, [this] { poll->watch({.readable = !paused}); });
    trouble(system_error("cannot accept on " + address.text(), code));
  }

  Result<void> listen_at_path() {
    if (!lock || !lock->is_intact()) {
      auto locked = SocketLock::acquire(path);
      if (!locked) return std::unexpected{locked.error()};
      lock = std::move(*locked);
    }
    auto listening = listen_unix(path, address);
    if (!listening) return std::unexpected{listening.error()};
    if (::lstat(path.c_str(), &file) != 0) return system_failure("cannot find " + path, errno);
    if (auto taken = take(std::move(*listening)); !taken) return taken;
    restoring.arm(moment, [this] { watch_file(); });
    return {};
  }

  /// To begin it takes inotify longer than to make the socket, and the first servers need
  /// not wait for it.
  void watch_file() noexcept {
    auto watch = FileWatch::open(loop, path, [this] { check_file(); });
    if (watch) {
      file_watch = std::move(*watch);
    } else if (owns_file()) {
      trouble(std::move(watch.error()));
    }
    check_file();
  }

  bool owns_file() const noexcept {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0 && found.st_ino == file.st_ino &&
           found.st_dev == file.st_dev;
  }

  /// The socket file was touched: if it is gone, clients find nobody any more.
  void check_file() noexcept {
    if (dropped || owns_file()) return;
    const std::string directory = path.substr(0, path.rfind('/'));
    if (!directory.empty() && directory != path) ::mkdir(directory.c_str(), 0700);
    auto listening = listen_at_path();
    if (listening || dropped) return;
    trouble(Error{"cannot restore a deleted socket: " + listening.error().message});
    restoring.arm(rest * 5, [this] { check_file(); });
  }
};

Result<Listener> Listener::unix_socket(Loop& loop, std::string path, Callbacks callbacks) {
  auto address = Address::unix_path(path);
  if (!address) return std::unexpected{address.error()};
  auto state = std::make_unique<State>(loop, *address, std::move(callbacks));
  state->path = std::move(path);
  if (auto listening = state->listen_at_path(); !listening) {
    return std::unexpected{listening.error()};
  }
  return Listener{std::move(state)};
}

Result<Listener> Listener::tcp(Loop& loop, const Address& address, Callbacks callbacks) {
  auto listening = listen_tcp(address);
  if (!listening) return std::unexpected{listening.error()};
  sockaddr_storage actual{};
  socklen_t size = sizeof actual;
  auto* raw = reinterpret_cast<sockaddr*>(&actual);
  if (getsockname(listening->get(), raw, &size) != 0) {
    return system_failure("cannot listen on " + address.text(), errno);
  }
  auto state = std::make_unique<State>(loop, Address::from(raw, size), std::move(callbacks));
  if (auto taken = state->take(std::move(*listening)); !taken) {
    return std::unexpected{taken.error()};
  }
  return Listener{std::move(state)};
}

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}
Listener::Listener(Listener&&) noexcept = default;

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Listener::~Listener() {
  if (!state_) return;
  State& state = *state_;
  state.dropped = true;
  if (!state.path.empty() && state.owns_file()) ::unlink(state.path.c_str());
  // May run inside a callback: everything ends now, the running callback later.
  state.poll.reset();
  state.socket.reset();
  state.resting.disarm();
  state.restoring.disarm();
  state.file_watch.reset();
  state.lock.reset();
  state.loop.dispose(std::move(state_));
}

const Address& Listener::address() const noexcept { return state_->address; }
std::uint64_t Listener::refused() const noexcept { return state_->refused; }

void Listener::pause() noexcept {
  state_->paused = true;
  state_->poll->watch({});
}

void Listener::resume() noexcept {
  state_->paused = false;
  if (!state_->resting.is_armed()) state_->poll->watch({.readable = true});
}

}  // namespace mcpctl::loop
