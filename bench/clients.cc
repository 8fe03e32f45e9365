#include "bench/clients.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "bench/clock.h"

namespace mcpctl::bench {
namespace {

/// All ids have as many digits, so that one takes another's place.
constexpr std::string_view first_id = "100000000";
constexpr timeval answer_limit{.tv_sec = 10, .tv_usec = 0};

constexpr std::string_view initialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"bench","version":"1"}}})";
constexpr std::string_view initialized =
    R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
constexpr std::string_view modern_meta =
    R"(,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},)"
    R"("io.modelcontextprotocol/clientCapabilities":{}})";

std::string head(std::string_view verb, const std::string& path, std::string_view fields) {
  std::string text{verb};
  text += " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  text += fields;
  return text;
}

std::string post(const std::string& path, std::string_view body, std::string_view fields) {
  std::string text = head("POST", path,
                          "Content-Type: application/json\r\n"
                          "Accept: application/json, text/event-stream\r\n");
  text += fields;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

std::string session_fields(const std::string& session) {
  return "Mcp-Session-Id: " + session + "\r\nMCP-Protocol-Version: 2025-11-25\r\n";
}

/// The value of a field, `name` being "\r\nName: " in any case; nullopt: there is none.
std::optional<std::string_view> field_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos && at + 2 < head.size();
       at = head.find("\r\n", at + 2)) {
    const std::string_view rest = head.substr(at);
    if (rest.size() < name.size() || ::strncasecmp(rest.data(), name.data(), name.size()) != 0)
      continue;
    const std::string_view value = rest.substr(name.size());
    return value.substr(0, value.find("\r\n"));
  }
  return std::nullopt;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &answer_limit, sizeof answer_limit);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  ::close(socket);
  return -1;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// How long the answer is altogether; 0 while that is not known.
std::size_t whole_size(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view fields = answer.substr(0, end);
  const auto length = field_of(fields, "\r\nContent-Length: ");
  if (!length) {
    // In pieces, up to one of no size.  Nothing follows: there is one request at a time.
    const bool in_pieces = field_of(fields, "\r\nTransfer-Encoding: ") == "chunked";
    return !in_pieces ? end + 4 : answer.ends_with("\r\n0\r\n\r\n") ? answer.size() : 0;
  }
  std::size_t size = 0;
  std::from_chars(length->data(), length->data() + length->size(), size);
  return end + 4 + size;
}

void count_up(char* digits) {
  std::size_t at = first_id.size() - 1;
  while (digits[at] == '9') digits[at--] = '0';
  ++digits[at];
}

}  // namespace

double Load::percentile(double share) const {
  if (latencies_ms.empty()) return -1;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_ms.size()));
  return latencies_ms[std::min(at, latencies_ms.size() - 1)];
}

Clients::Clients(Endpoint endpoint, Era era, std::string tool)
    : endpoint_(std::move(endpoint)),
      era_(era),
      tool_(std::move(tool)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Clients::~Clients() {
  for (const Client& client : all_) {
    ::close(client.socket);
    if (client.stream >= 0) ::close(client.stream);
  }
  ::close(epoll_);
}

bool Clients::add(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Client client;
    client.path = endpoint_.path;
    client.socket = connect_to(endpoint_.port);
    if (client.socket < 0) return false;
    if (era_ != Era::modern && !join(client)) {
      ::close(client.socket);
      if (client.stream >= 0) ::close(client.stream);
      return false;
    }
    prepare_call(client);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = all_.size();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, answering(client), &event);
    all_.push_back(std::move(client));
  }
  return true;
}

/// The beginning of a session.
bool Clients::join(Client& client) {
  if (era_ == Era::event_stream) {
    return open_stream(client) && exchange(client, post(client.path, initialize, "")) &&
           send_request(client, post(client.path, initialized, ""));
  }
  if (!exchange(client, post(client.path, initialize, ""))) return false;
  const auto session = field_of(client.answer, "\r\nMcp-Session-Id: ");
  if (!session) return false;
  client.session = *session;
  return exchange(client, post(client.path, initialized, session_fields(client.session))) &&
         client.answer.starts_with("HTTP/1.1 202 ");
}

/// Its first event says where requests go.
bool Clients::open_stream(Client& client) {
  client.stream = connect_to(endpoint_.port);
  if (client.stream < 0) return false;
  const std::string request = head("GET", client.path, "Accept: text/event-stream\r\n") + "\r\n";
  if (!send_all(client.stream, request)) return false;
  constexpr std::string_view event = "event: endpoint\ndata: ";
  for (std::size_t at = 0, end = 0;;) {
    if (hear(client, 0) == Heard::lost) return false;
    if (!client.answer.starts_with("HTTP/1.1 200 ")) return false;  // not open yet, perhaps
    at = client.answer.find(event);
    if (at == std::string::npos) continue;
    at += event.size();
    end = client.answer.find('\n', at);
    if (end == std::string::npos) continue;
    const std::string where = client.answer.substr(at, end - at);
    constexpr std::string_view scheme = "http://";
    client.path = where.starts_with(scheme) ? where.substr(where.find('/', scheme.size())) : where;
    return true;
  }
}

void Clients::prepare_call(Client& client) const {
  std::string body = R"({"jsonrpc":"2.0","id":)" + std::string{first_id} +
                     R"(,"method":"tools/call","params":{"name":")" + tool_ +
                     R"(","arguments":{"message":"hello"})";
  std::string fields;
  if (era_ == Era::modern) {
    body += modern_meta;
    fields =
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " + tool_ + "\r\n";
  } else {
    fields = era_ == Era::legacy ? session_fields(client.session) : "";
  }
  client.request = post(client.path, body + "}}", fields);
  client.id_at = client.request.find(first_id);
}

/// One request and its whole answer, whatever it is.
bool Clients::exchange(Client& client, std::string_view request) {
  client.answer.clear();
  client.whole = 0;
  if (!send_request(client, request)) return false;
  Heard heard = Heard::more_to_come;
  while (heard == Heard::more_to_come) heard = hear(client, 0);
  return heard == Heard::whole;
}

/// Where answers come on a stream, what a request is answered itself says nothing more.
bool Clients::send_request(Client& client, std::string_view request) {
  std::array<char, 4096> forgotten;
  while (client.stream >= 0 &&
         ::recv(client.socket, forgotten.data(), forgotten.size(), MSG_DONTWAIT) > 0) {
  }
  return send_all(client.socket, request);
}

bool Clients::send_call(Client& client) {
  count_up(client.request.data() + client.id_at);
  client.answer.clear();
  client.whole = 0;
  client.sent_ns = now_ns();
  return send_request(client, client.request);
}

int Clients::answering(const Client& client) {
  return client.stream >= 0 ? client.stream : client.socket;
}

Clients::Heard Clients::hear(Client& client, int flags) {
  static std::array<char, 256 * 1024> buffer;
  const ssize_t got = ::recv(answering(client), buffer.data(), buffer.size(), flags);
  if (got <= 0) return Heard::lost;
  client.answer.append(buffer.data(), static_cast<std::size_t>(got));
  return is_whole(client) ? Heard::whole : Heard::more_to_come;
}

bool Clients::is_whole(Client& client) {
  if (client.stream >= 0) {
    // An event with an id; the others are not about our request.
    const std::size_t id = client.answer.find(R"("id":)");
    return id != std::string::npos && client.answer.find("\n\n", id) != std::string::npos;
  }
  if (client.whole == 0) client.whole = whole_size(client.answer);
  return client.whole != 0 && client.answer.size() >= client.whole;
}

/// The result of its own call.
bool Clients::is_wanted(const Client& client) {
  std::string id = R"("id":)";
  id.append(client.request, client.id_at, first_id.size());
  const bool in_order = client.stream >= 0 || client.answer.starts_with("HTTP/1.1 200 ");
  return in_order && client.answer.find(id) != std::string::npos &&
         client.answer.find(R"("result":)") != std::string::npos;
}

Load Clients::call_for(unsigned duration_ms) {
  constexpr int most_events = 256;
  std::array<epoll_event, most_events> events{};
  Load load;
  std::size_t pending = 0;
  const std::uint64_t begun = now_ns();
  const std::uint64_t end = begun + duration_ms * std::uint64_t{1'000'000};
  std::uint64_t last = begun;
  for (Client& client : all_) pending += send_call(client) ? 1 : 0;
  while (pending > 0) {
    const int ready = ::epoll_wait(epoll_, events.data(), most_events, 10'000);
    if (ready <= 0) break;  // the door is silent
    for (int i = 0; i < ready; ++i) {
      Client& client = all_[events[static_cast<std::size_t>(i)].data.u64];
      const Heard heard = hear(client, MSG_DONTWAIT);
      if (heard == Heard::more_to_come) continue;
      --pending;
      if (heard == Heard::lost) {
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, answering(client), nullptr);
        continue;
      }
      last = now_ns();
      if (is_wanted(client)) {
        load.latencies_ms.push_back(ms(last - client.sent_ns));
      } else {
        ++load.failures;
      }
      if (last < end) pending += send_call(client) ? 1 : 0;
    }
  }
  std::ranges::sort(load.latencies_ms);
  load.per_second = static_cast<double>(load.latencies_ms.size()) * 1e3 / ms(last - begun);
  return load;
}

bool Clients::call_once() {
  Client& client = all_.front();
  if (!send_call(client)) return false;
  Heard heard = Heard::more_to_come;
  while (heard == Heard::more_to_come) heard = hear(client, 0);
  return heard == Heard::whole && is_wanted(client);
}

bool Clients::listen() {
  return std::ranges::all_of(all_, [](Client& client) {
    client.answer.clear();
    const std::string request =
        head("GET", client.path, "Accept: text/event-stream\r\n" + session_fields(client.session)) +
        "\r\n";
    if (!send_all(client.socket, request)) return false;
    while (client.answer.find("\r\n\r\n") == std::string::npos) {
      std::array<char, 4096> buffer{};
      const ssize_t got = ::recv(client.socket, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      client.answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return client.answer.starts_with("HTTP/1.1 200 ");
  });
}

}  // namespace mcpctl::bench
