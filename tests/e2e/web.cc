#include "web.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace mcpctl::e2e {
namespace {

/// Connected, and the request is sent; -1: it could not be.
int send_request(int port, const std::string& verb, const std::string& path,
                 const std::string& body, const std::string& fields, Milliseconds limit) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{limit.count() / 1000, limit.count() % 1000 * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const std::string text = verb + ' ' + path +
                           " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                           "Content-Type: application/json\r\n"
                           "Accept: application/json, text/event-stream\r\n" +
                           fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                           body;
  ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  return fd;
}

}  // namespace

std::string Answer::field(const std::string& name) const {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

int port_of(const Fleet& fleet) {
  const std::string mark = "clients connect to http://127.0.0.1:";
  const std::string said = fleet.output();
  const std::size_t at = said.find(mark);
  REQUIRE(at != std::string::npos);
  return std::atoi(said.c_str() + at + mark.size());
}

Answer ask(int port, const std::string& verb, const std::string& path, const std::string& body,
           const std::string& fields, Milliseconds limit) {
  const int fd = send_request(port, verb, path, body, fields, limit);
  if (fd < 0) return {};
  std::string whole;
  char buffer[65536];
  for (ssize_t length = 0; (length = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    whole.append(buffer, static_cast<std::size_t>(length));
  }
  ::close(fd);
  Answer answer;
  const std::size_t end = whole.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.status = std::atoi(whole.c_str() + std::strlen("HTTP/1.1 "));
  answer.head = whole.substr(0, end + 2);
  answer.body = whole.substr(end + 4);
  return answer;
}

Answer post(int port, const std::string& path, const std::string& body, const std::string& fields) {
  return ask(port, "POST", path, body, fields);
}

void ask_and_leave(int port, const std::string& path, const std::string& body,
                   const std::string& fields) {
  const int fd = send_request(port, "POST", path, body, fields, 1'000ms);
  if (fd >= 0) ::close(fd);
}

const std::string initialize =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"test","version":"1"}}})";

std::string open_session(int port, const std::string& path) {
  const Answer opened = post(port, path, initialize);
  CAPTURE(opened.head);
  CAPTURE(opened.body);
  REQUIRE(opened.status == 200);
  return "Mcp-Session-Id: " + opened.field("Mcp-Session-Id") +
         "\r\nMCP-Protocol-Version: 2025-11-25\r\n";
}

}  // namespace mcpctl::e2e
