#include "config/config.h"

namespace mcpctl::config {
namespace {

void put_port(std::string& text, const std::string& port) {
  constexpr std::string_view variable = "${PORT}";
  for (std::size_t at = text.find(variable); at != std::string::npos;
       at = text.find(variable, at + port.size())) {
    text.replace(at, variable.size(), port);
  }
}

}  // namespace

bool Gateway::is_beyond_loopback() const {
  const std::string_view host = std::string_view{listen}.substr(0, listen.rfind(':'));
  return !listen.empty() && host != "localhost" && host != "[::1]" && !host.starts_with("127.");
}

Server with_port(Server server, std::uint16_t port) {
  const std::string digits = std::to_string(port);
  put_port(server.command, digits);
  put_port(server.cwd, digits);
  put_port(server.url, digits);
  for (std::string& arg : server.args) put_port(arg, digits);
  for (auto& [name, value] : server.env) put_port(value, digits);
  for (auto& [name, value] : server.headers) put_port(value, digits);
  for (std::string& arg : server.readiness.command) put_port(arg, digits);
  for (std::string& arg : server.liveness.command) put_port(arg, digits);
  return server;
}

}  // namespace mcpctl::config
