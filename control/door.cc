#include "control/door.h"

#include <unistd.h>

#include <charconv>

#include "control/log_follower.h"
#include "control/parameters.h"
#include "control/ping.h"
#include "control/reply.h"

namespace mcpctl::control {
namespace {

constexpr int operators = 0;
constexpr int probes_only = 1;
constexpr Duration usual_ping{5'000};
constexpr Duration longest_ping{24 * 3'600'000};

bool may_enter(const http::Exchange& exchange) {
  const auto peer = exchange.peer();
  return peer && (peer->uid == ::geteuid() || peer->uid == 0);
}

std::uint64_t last_event_id(const http::Request& request, std::uint64_t otherwise) {
  const std::string_view text = request.headers.get("Last-Event-ID");
  std::uint64_t id = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

/// Nothing for a path without a stream; "" for those of the whole fleet.
std::optional<std::string> followed_server(const std::vector<std::string>& path) {
  if (path.size() < 3 || path[0] != "api" || path[1] != "v1") return std::nullopt;
  if (path.size() == 3 && path[2] == "logs") return "";
  if (path.size() == 5 && path[2] == "servers" && path[4] == "logs") return path[3];
  return std::nullopt;
}

}  // namespace

struct Door::Inside {
  Inside(runtime::Supervisor& served, const DoorOptions& options)
      : supervisor(served),
        api(served, options.on_shutdown, options.more_metrics, options.clients),
        history(served.feed()) {}

  runtime::Supervisor& supervisor;
  Api api;
  TransitionHistory history;
  std::list<std::unique_ptr<Follower>> followers;
};

Door::Door(loop::Loop& loop, DoorOptions options)
    : loop_(loop),
      options_(std::move(options)),
      server_(loop, [this](http::Exchange exchange) { handle(std::move(exchange)); }) {}

Door::~Door() = default;

Result<std::unique_ptr<Door>> Door::open(loop::Loop& loop, DoorOptions options) {
  std::unique_ptr<Door> door{new Door{loop, std::move(options)}};
  if (door->options_.on_trouble) {
    door->server_.on_drop([tell = door->options_.on_trouble](std::string_view why) {
      tell("dropped a client: " + std::string{why});
    });
    door->server_.on_trouble(
        [tell = door->options_.on_trouble](const Error& error) { tell(error.message); });
  }
  if (!door->options_.socket.empty()) {
    if (auto done = door->server_.listen_unix(door->options_.socket, operators); !done) {
      return std::unexpected{done.error()};
    }
  }
  if (door->options_.probes) {
    if (auto done = door->server_.listen_tcp(*door->options_.probes, probes_only); !done) {
      return std::unexpected{done.error()};
    }
    door->options_.probes = door->server_.address();
  }
  return door;
}

void Door::serve(runtime::Supervisor& supervisor) {
  inside_ = std::make_unique<Inside>(supervisor, options_);
}

void Door::leave() { inside_.reset(); }

void Door::handle(http::Exchange exchange) {
  const bool is_probe = exchange.door() == probes_only;
  if (!is_probe && !may_enter(exchange)) {
    exchange.respond(problem_reply(403, "only the user who runs this supervisor, and root"));
    return;
  }
  if (!inside_) {
    exchange.respond(problem_reply(503, "the supervisor is starting or has ended"));
    return;
  }
  if (is_probe) {
    exchange.respond(inside_->api.answer_probe(exchange.request()));
    return;
  }
  if (ping(exchange) || follow(exchange)) return;
  exchange.respond(inside_->api.answer(exchange.request()));
}

/// True when the request was one; then the exchange was taken.
bool Door::ping(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const std::vector<std::string> path = request.segments();
  const bool is_ping = path.size() == 5 && path[0] == "api" && path[1] == "v1" &&
                       path[2] == "servers" && path[4] == "ping";
  if (!is_ping || request.method != "POST") return false;
  runtime::Supervisor& supervisor = inside_->supervisor;
  const std::string& name = path[3];
  const auto timeout = number_parameter(request, "timeout_ms");
  const auto limit = static_cast<std::uint64_t>(longest_ping.count());
  if (!supervisor.status_of(name, false)) {
    auto missing = missing_server(supervisor.config(), name);
    exchange.respond(missing ? std::move(*missing) : unknown_path(request));
  } else if (!timeout || timeout->value_or(1) == 0 || timeout->value_or(1) > limit) {
    exchange.respond(problem_reply(
        400, "timeout_ms is a number of milliseconds from 1 to " + std::to_string(limit)));
  } else {
    const auto patience = static_cast<std::uint64_t>(usual_ping.count());
    const Duration within{static_cast<Duration::rep>(timeout->value_or(patience))};
    add_follower<Ping>(std::move(exchange), loop_, supervisor, name, within);
  }
  return true;
}

/// True when the request wanted a stream, or an answer that only streams have; then
/// the exchange was taken.
bool Door::follow(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (request.method != "GET") return false;
  const TransitionHistory& history = inside_->history;
  if (request.path == "/api/v1/events") {
    if (flag_parameter(request, "follow", true)) {
      const std::uint64_t from = last_event_id(request, history.newest());
      add_follower<TransitionFollower>(std::move(exchange), inside_->supervisor.feed(), history,
                                       from);
      return true;
    }
    std::vector<std::string> past;
    for (const runtime::Transitioned& transition : history.after(0)) {
      past.push_back(to_json(transition));
    }
    exchange.respond(json_reply(200, array_of(past)));
    return true;
  }
  const auto server = followed_server(request.segments());
  if (!server || !flag_parameter(request, "follow")) return false;
  auto query = log_query(request);
  if (!query) {
    exchange.respond(problem_reply(400, query.error().message));
    return true;
  }
  if (!server->empty()) query->servers = {*server};
  for (const std::string& name : query->servers) {
    if (auto missing = missing_server(inside_->supervisor.config(), name)) {
      exchange.respond(*missing);
      return true;
    }
  }
  add_follower<LogFollower>(std::move(exchange), inside_->supervisor, std::move(*query));
  return true;
}

template <typename Kind, typename... Arguments>
void Door::add_follower(http::Exchange exchange, Arguments&&... arguments) {
  auto& followers = inside_->followers;
  const auto place = followers.insert(followers.end(), nullptr);
  // Said from inside the follower's own calls, so it must not end it there.
  const auto on_gone = [this, place] {
    loop_.post([this, place] {
      if (inside_) inside_->followers.erase(place);
    });
  };
  *place =
      std::make_unique<Kind>(std::forward<Arguments>(arguments)..., std::move(exchange), on_gone);
}

}  // namespace mcpctl::control
