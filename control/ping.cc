#include "control/ping.h"

#include <utility>

#include "config/duration.h"
#include "control/json.h"
#include "control/reply.h"

namespace mcpctl::control {
namespace {

using supervisor::State;

std::string requests_at(const runtime::ServerStatus& server) {
  if (server.in_flight == 0) return "";
  return "; " + std::to_string(server.in_flight) +
         (server.in_flight == 1 ? " request of a client is" : " requests of clients are") +
         " under way there";
}

std::string state_of(const runtime::ServerStatus& server) {
  std::string text{supervisor::name(server.state)};
  if (!server.waits_for.empty()) return text + " for " + server.waits_for;
  return server.why_text.empty() ? text : text + ": " + server.why_text;
}

}  // namespace

Ping::Ping(loop::Loop& loop, runtime::Supervisor& supervisor, std::string server, Duration timeout,
           http::Exchange exchange, loop::Callback<> on_gone)
    : loop_(loop),
      supervisor_(supervisor),
      server_(std::move(server)),
      timeout_(timeout),
      until_(loop.now() + timeout),
      exchange_(std::move(exchange)),
      on_gone_(std::move(on_gone)),
      deadline_(loop) {
  exchange_.on_disconnect([this] {
    if (on_gone_) std::exchange(on_gone_, nullptr)();
  });
  deadline_.arm(until_, [this] { late(); });
  transitions_ = supervisor.feed().subscribe([this](const runtime::Transitioned& transition) {
    if (transition.server == server_) look();
  });
  look();
}

void Ping::look() {
  if (!on_gone_) return;  // it is over, and soon destroyed
  const auto server = supervisor_.status_of(server_, false);
  if (!server) return refuse(404, server.error().message);
  if (server->kind == config::Kind::process) {
    return refuse(409, server_ + " speaks no MCP: there is nobody to ask");
  }
  switch (server->state) {
    case State::ready:
    case State::degraded: return ask();
    case State::idle:
      asked_ = false;
      if (runtime::Channel* channel = supervisor_.channel(server_)) channel->demand();
      return;
    case State::stopped:
    case State::completed:
      return refuse(409, server_ + " does not run, it is " + state_of(*server),
                    "start it with mcpctl start " + server_);
    case State::failed:
      return refuse(409, server_ + " does not run, it is " + state_of(*server),
                    "mcpctl reset " + server_ + " starts it anew");
    case State::waiting:
    case State::starting:
    case State::backoff:
      if (!asked_) return;
      return refuse(502, server_ + " went before it answered, it is " + state_of(*server));
    case State::draining:
    case State::stopping: return;  // what it was asked it may still answer
  }
}

void Ping::ask() {
  if (std::exchange(asked_, true)) return;
  supervisor_.ping(server_, until_ - loop_.now(),
                   [this, alive = std::weak_ptr{alive_}](const Result<runtime::Pong>& pong) {
                     if (!alive.expired()) answered(pong);
                   });
}

void Ping::answered(const Result<runtime::Pong>& pong) {
  if (!pong) return refuse(502, server_ + " does not answer: " + pong.error().message);
  const auto server = supervisor_.status_of(server_, false);
  if (!server) return refuse(404, server.error().message);
  end(json_reply(200, to_json(*server, *pong)));
}

void Ping::late() {
  const auto server = supervisor_.status_of(server_, false);
  if (!server) return refuse(404, server.error().message);
  const std::string within = " within " + config::format_duration(timeout_);
  if (!asked_) {
    return refuse(504, server_ + " could not be asked" + within + ", it is " + state_of(*server));
  }
  if (server->era.empty()) {
    return refuse(504, server_ + " has not shaken hands" + within + requests_at(*server));
  }
  refuse(504, server_ + " has not answered" + within + requests_at(*server));
}

void Ping::refuse(int status, std::string why, std::string way_out) {
  end(problem_reply(status, std::move(why), std::move(way_out)));
}

void Ping::end(const http::Response& response) {
  if (!on_gone_) return;
  deadline_.disarm();
  exchange_.respond(response);
  std::exchange(on_gone_, nullptr)();
}

}  // namespace mcpctl::control
