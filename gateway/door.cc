#include "gateway/door.h"

#include <charconv>
#include <utility>

#include "gateway/inside.h"
#include "gateway/reply.h"

namespace mcpctl::gateway {
namespace {

/// Beyond what a client may send, for what it was sent and has not read.
constexpr std::size_t output_beyond_body = 1024 * 1024;
constexpr std::size_t most_connections = 16'384;

http::ServerOptions server_options(const config::Gateway& config) {
  http::ServerOptions options;
  options.limits.body_bytes = config.max_body;
  options.max_connections = most_connections;
  options.connections_per_peer = config.connections_per_peer;
  options.output_cap = config.max_body + output_beyond_body;
  return options;
}

}  // namespace

Result<loop::Address> door_address(const config::Gateway& config) {
  const std::string& text = config.listen;
  const std::string where = "cannot listen on " + text + " for clients: ";
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  if (colon == std::string::npos) return failure(where + "expected HOST:PORT");
  const auto [rest, problem] = std::from_chars(text.data() + colon + 1, end, port);
  const std::string host = text.substr(0, colon);
  const auto address = loop::Address::ip(host == "localhost" ? "127.0.0.1" : host, port);
  if (problem != std::errc{} || rest != end || !address) {
    return failure(where + "expected an address and a port, such as 127.0.0.1:7420");
  }
  if (!address->is_loopback() && config.tokens.empty()) {
    return failure(where + "whoever reaches an address that is not loopback needs a token; " +
                   "set gateway.tokens");
  }
  return *address;
}

Door::Door(loop::Loop& loop, DoorOptions options)
    : loop_(loop),
      options_(std::move(options)),
      server_(
          loop, [this](http::Exchange&& exchange) { handle(std::move(exchange)); },
          server_options(options_.config)) {}

Door::~Door() { leave(); }

Result<std::unique_ptr<Door>> Door::open(loop::Loop& loop, DoorOptions options) {
  const auto address = door_address(options.config);
  if (!address) return std::unexpected{address.error()};
  std::unique_ptr<Door> door{new Door{loop, std::move(options)}};
  if (door->options_.on_trouble) {
    door->server_.on_drop([tell = door->options_.on_trouble](std::string_view why) {
      tell("a client of the gateway " + std::string{why});
    });
    door->server_.on_trouble(
        [tell = door->options_.on_trouble](const Error& error) { tell(error.message); });
  }
  if (auto done = door->server_.listen_tcp(*address); !done) return std::unexpected{done.error()};
  return door;
}

void Door::serve(Backend& backend) { inside_ = std::make_unique<Inside>(*this, backend); }

Result<void> Door::reconfigure(config::Gateway config) {
  config.listen = options_.config.listen;
  if (const auto address = door_address(config); !address) {
    return std::unexpected{address.error()};
  }
  options_.config = std::move(config);
  server_.reconfigure(server_options(options_.config));
  if (inside_) inside_->reconfigured();
  return {};
}

void Door::leave() {
  // What ends may still ask whether the door is open: it is not.
  const auto leaving = std::move(inside_);
}

Occupancy Door::occupancy() const {
  Occupancy now;
  now.connections = server_.connections();
  if (!inside_) return now;
  now.sessions = inside_->sessions();
  now.in_flight = inside_->in_flight();
  return now;
}

runtime::Clients Door::clients() const {
  runtime::Clients clients;
  if (inside_) clients = inside_->clients();
  clients.gateway = "http://" + address().text() + "/mcp";
  return clients;
}

void Door::handle(http::Exchange&& exchange) {
  if (inside_) return inside_->handle(std::move(exchange));
  exchange.respond(
      error_reply(503, {}, mcp::error_code::internal_error, "the gateway is not open"));
}

void Door::ended(const Visit& visit, int status) noexcept {
  const Duration took = loop_.turn() - visit.began;
  figures_.count(visit, status, took);
  if (options_.config.access_log && options_.on_access) {
    options_.on_access(access_line(visit, status, took));
  }
}

}  // namespace mcpctl::gateway
