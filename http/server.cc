#include "http/server.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "http/server_state.h"
#include "http/session.h"

namespace mcpctl::http {

namespace {

/// Connections beyond the cap that still get a 503; more are closed without a word.
constexpr std::size_t overload_answers = 64;

}  // namespace

Server::State::State(loop::Loop& owner, Handler handle, ServerOptions settings)
    : loop(owner),
      handler(std::move(handle)),
      options(settings),
      sweep(owner),
      drain_deadline(owner) {}

Server::State::~State() = default;

loop::Listener::Callbacks Server::State::listener_callbacks(int door) {
  return {[this, door](loop::Fd socket) { accept(std::move(socket), door); },
          [this](Error error) {
            if (on_trouble) on_trouble(std::move(error));
          }};
}

void Server::State::accept(loop::Fd socket, int door) {
  const bool overloaded = sessions.size() >= options.max_connections;
  if (sessions.size() >= options.max_connections + overload_answers) return;
  const auto peer = loop::Address::of_peer(socket.get());
  std::string remote = peer ? peer->host() : "";
  if (options.connections_per_peer > 0 && !remote.empty()) {
    std::size_t& count = peers[remote];
    if (count >= options.connections_per_peer) return;
    ++count;
  }
  sessions.push_back(std::make_unique<Session>(*this, door, std::move(remote)));
  Session& session = *sessions.back();
  session.self = std::prev(sessions.end());
  if (!session.open(std::move(socket))) return retire(session);
  if (overloaded) session.refuse_overload();
}

void Server::State::retire(Session& session) {
  if (dropped) return;  // ~Server has the list
  if (const auto peer = peers.find(session.remote()); peer != peers.end() && --peer->second == 0) {
    peers.erase(peer);
  }
  auto owned = std::move(*session.self);
  sessions.erase(session.self);
  loop.dispose(std::move(owned));
  if (!sessions.empty()) return;
  sweep.disarm();
  if (!draining) return;
  drain_deadline.disarm();
  if (drained) loop.post(std::exchange(drained, nullptr));
}

void Server::State::watch_deadline(Instant deadline) {
  if (dropped || sweep.is_due_by(deadline)) return;
  // On a grid, so that the deadlines of many connections share one wakeup.
  const auto step = options.sweep_interval.count();
  const auto slots = (deadline.since_start.count() + step - 1) / step;
  const Instant when{Duration{slots * step}};
  if (!sweep.is_due_by(when)) sweep.arm(when, [this] { run_sweep(); });
}

void Server::State::run_sweep() {
  const Instant now = loop.now();
  std::vector<Session*> all;  // check() takes sessions out of the list, but frees none
  all.reserve(sessions.size());
  for (const auto& session : sessions) all.push_back(session.get());
  for (Session* session : all) {
    session->check(now);
    if (dropped) return;
  }
  std::optional<Instant> earliest;
  for (const auto& session : sessions) {
    const auto due = session->deadline();
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  if (earliest) watch_deadline(*earliest);
}

void Server::State::flush_soon(Session& session) {
  unflushed.push_back(&session);
  if (unflushed.size() == 1) loop.post([this] { flush_all(); });
}

void Server::State::flush_all() {
  flushing.swap(unflushed);
  // A flush may let in requests, and with them the end of any session: none is freed yet.
  for (Session* session : flushing) session->flush();
  flushing.clear();
}

Server::Server(loop::Loop& loop, Handler handler, ServerOptions options)
    : state_(std::make_unique<State>(loop, std::move(handler), options)) {}

Server::Server(Server&&) noexcept = default;

Server& Server::operator=(Server&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Server::~Server() {
  if (!state_) return;
  State& state = *state_;
  state.dropped = true;
  state.listeners.clear();
  state.sweep.disarm();
  state.drain_deadline.disarm();
  for (const auto& session : state.sessions) session->forget();
  state.loop.dispose(std::move(state_));  // the handler may be running
}

void Server::reconfigure(const ServerOptions& options) {
  State& state = *state_;
  state.options = options;
  state.peers.clear();
  if (options.connections_per_peer == 0) return;
  for (const auto& session : state.sessions) {
    if (!session->remote().empty()) ++state.peers[session->remote()];
  }
}

Result<void> Server::listen_unix(std::string path, int door) {
  auto listener =
      loop::Listener::unix_socket(state_->loop, std::move(path), state_->listener_callbacks(door));
  if (!listener) return std::unexpected{listener.error()};
  state_->listeners.push_back(std::move(*listener));
  return {};
}

Result<void> Server::listen_tcp(const loop::Address& address, int door) {
  auto listener = loop::Listener::tcp(state_->loop, address, state_->listener_callbacks(door));
  if (!listener) return std::unexpected{listener.error()};
  state_->listeners.push_back(std::move(*listener));
  return {};
}

const loop::Address& Server::address() const noexcept {
  MCPCTL_ASSERT(!state_->listeners.empty());
  return state_->listeners.back().address();
}

void Server::on_drop(loop::Callback<std::string_view> callback) {
  state_->on_drop = std::move(callback);
}

void Server::on_trouble(loop::Callback<Error> callback) {
  state_->on_trouble = std::move(callback);
}

void Server::drain(Duration grace, loop::Callback<> done) {
  State& state = *state_;
  state.draining = true;
  state.drained = std::move(done);
  state.listeners.clear();
  std::vector<Session*> all;
  for (const auto& session : state.sessions) all.push_back(session.get());
  for (Session* session : all) session->close_when_idle();
  if (state.sessions.empty()) {
    if (state.drained) state.loop.post(std::exchange(state.drained, nullptr));
    return;
  }
  state.drain_deadline.arm(grace, [&state] {
    while (!state.sessions.empty() && !state.dropped) {
      state.sessions.front()->drop("was cut off: the server stops");
    }
  });
}

std::size_t Server::connections() const noexcept { return state_->sessions.size(); }
std::uint64_t Server::requests() const noexcept { return state_->requests; }

}  // namespace mcpctl::http
