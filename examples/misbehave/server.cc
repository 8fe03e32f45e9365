#include "server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "deeds.h"
#include "inspect.h"
#include "json_text.h"

namespace misbehave {

namespace {

constexpr std::string_view modern_version = "2026-07-28";
constexpr std::string_view server_info = R"({"name":"misbehave","version":"1.0.0"})";
constexpr std::string_view tools = R"([
{"name":"echo","description":"Answers with its text.","inputSchema":
 {"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}},
{"name":"inspect","description":"What this process inherited, as JSON.","inputSchema":
 {"type":"object"}},
{"name":"count","description":"How many calls this process has answered.","inputSchema":
 {"type":"object"}},
{"name":"sleep","description":"Answers after `ms` milliseconds.","inputSchema":
 {"type":"object","properties":{"ms":{"type":"integer"}},"required":["ms"]},"annotations":
 {"readOnlyHint":true}},
{"name":"exit","description":"Exits with `code`, unanswered.","inputSchema":
 {"type":"object","properties":{"code":{"type":"integer"}}}},
{"name":"crash","description":"Raises `signal`, unanswered.","inputSchema":
 {"type":"object","properties":{"signal":{"type":"integer"}}}}])";

int term_event = -1;

void on_term(int) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(term_event, &one, sizeof one);
}

/// One line, as stdio wants it: the raw strings above are broken for the reader.
std::string one_line(std::string_view text) {
  std::string out{text};
  std::erase(out, '\n');
  return out;
}

}  // namespace

void Server::in(long delay, std::function<void()> act) {
  timers_.push_back({now_ms() + delay, {}, std::move(act)});
}

void Server::every(long period, std::function<void()> act) {
  act();
  in(period, [this, period, act] { every(period, act); });
}

void Server::flood(int fd, long bytes, long line) { floods_.push_back({fd, bytes, line}); }

void Server::listen(int port, Welcome welcome) {
  const int fd = listen_on(port);
  if (fd >= 0) listeners_.push_back({fd, welcome});
}

int Server::run() {
  if (options_.exits_on_term || options_.slow_to_leave) {
    term_event = eventfd(0, EFD_CLOEXEC);
    std::signal(SIGTERM, on_term);
  }
  reading_ = options_.speaks_mcp;
  while (status_ < 0) {
    // poll(2) skips negative descriptors, so the places are fixed.
    std::vector<pollfd> watched{{reading_ ? STDIN_FILENO : -1, POLLIN, 0},
                                {term_event, POLLIN, 0},
                                {floods_.empty() ? -1 : floods_.front().fd, POLLOUT, 0}};
    for (const Listener& listener : listeners_) watched.push_back({listener.fd, POLLIN, 0});
    if (poll(watched.data(), watched.size(), wait_ms()) < 0 && errno != EINTR) return 1;
    if (watched[1].revents != 0) {
      term_event = -1;
      if (!options_.slow_to_leave) return options_.code_or(0);
      in(options_.exit_delay, [this] { status_ = options_.code_or(0); });
    }
    if (watched[2].revents != 0) pour();
    for (std::size_t i = 3; i < watched.size(); ++i) {
      if (watched[i].revents != 0) welcome(listeners_[i - 3]);
    }
    run_timers();
    if (watched[0].revents != 0 && status_ < 0) read_stdin();
  }
  return status_;
}

void Server::run_timers() {
  const long now = now_ms();
  std::vector<Timer> due;
  std::erase_if(timers_, [&](Timer& timer) {
    if (timer.at > now) return false;
    due.push_back(std::move(timer));
    return true;
  });
  for (const Timer& timer : due) timer.act();
}

int Server::wait_ms() const {
  if (options_.spins) return 0;
  if (timers_.empty()) return -1;
  const auto next = std::min_element(timers_.begin(), timers_.end(),
                                     [](const Timer& a, const Timer& b) { return a.at < b.at; });
  return static_cast<int>(std::max(next->at - now_ms(), 0L));
}

void Server::read_stdin() {
  char buffer[65536];
  const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) return end_of_input();
  input_.append(buffer, static_cast<std::size_t>(got));
  std::size_t begin = 0;
  for (std::size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    handle(std::string_view{input_}.substr(begin, end - begin));
    if (status_ >= 0) return;
  }
  input_.erase(0, begin);
}

void Server::end_of_input() {
  reading_ = false;
  if (options_.ignores_eof) return;
  if (roots_unanswered_ || options_.slow_to_leave) {
    // The official servers wait for their roots/list to time out before they go.
    in(options_.exit_delay, [this] { status_ = 0; });
  } else {
    status_ = 0;
  }
}

/// One page, which a pipe that polls writable always takes without blocking (pipe(7)).
void Server::pour() {
  Flood& flood = floods_.front();
  std::string page(static_cast<std::size_t>(std::min(flood.left, 4096L)), 'x');
  for (char& c : page) {
    if (flood.line > 0 && ++flood.column == flood.line) {
      c = '\n';
      flood.column = 0;
    }
  }
  const ssize_t done = ::write(flood.fd, page.data(), page.size());
  if (done < 0 && errno == EINTR) return;
  flood.left = done < 0 ? 0 : flood.left - done;
  if (flood.left <= 0) floods_.erase(floods_.begin());
}

void Server::welcome(const Listener& listener) {
  const int client = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  switch (listener.welcome) {
    case Welcome::hang_up: close(client); return;
    case Welcome::silence: return;
    case Welcome::http_ok:
    case Welcome::http_error: {
      char request[4096];
      [[maybe_unused]] const ssize_t ignored = ::read(client, request, sizeof request);
      write_all(client,
                listener.welcome == Welcome::http_ok
                    ? "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
                    : "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                      "Connection: close\r\n\r\n");
      close(client);
      return;
    }
    case Welcome::trickle:
      write_all(client, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      every(1000, [client] { ::send(client, "x", 1, MSG_NOSIGNAL); });
      return;
  }
}

void Server::handle(std::string_view message) {
  const std::string_view method = member(message, "method");
  const std::string_view id = member(message, "id");
  const std::string_view params = member(message, "params");
  if (method.empty()) {
    if (id == R"("roots-1")") roots_unanswered_ = false;
    return;
  }
  if (++messages_ == 1 && options_.insists_on_initialize && method != R"("initialize")") {
    write_all(STDERR_FILENO, "misbehave: the first message must be initialize\n");
    status_ = options_.code_or(1);
    return;
  }
  if (method == R"("notifications/initialized")") return became_ready();
  if (method == R"("notifications/cancelled")") {
    const std::string_view cancelled = member(params, "requestId");
    std::erase_if(timers_, [&](const Timer& timer) { return timer.request == cancelled; });
  }
  if (id.empty()) return;
  if (options_.hangs && ++requests_ > options_.count) {
    for (;;) pause();
  }
  if (refuse_era(method, id, params)) return;
  if (method == R"("initialize")") return initialize(id, params);
  if (method == R"("server/discover")") return discover(id);
  if (method == R"("tools/list")") return list_tools(id);
  if (method == R"("tools/call")") return call_tool(id, params);
  if (method == R"("ping")" && !modern_) {
    if (options_.answers_ping) result(id, "");
    return;
  }
  error(id, -32601, "Method not found");
}

/// MCP 2026-07-28, versioning: a modern request names its version in _meta.  True if
/// the request was answered with an error.
bool Server::refuse_era(std::string_view method, std::string_view id, std::string_view params) {
  const std::string_view version =
      member(member(params, "_meta"), "io.modelcontextprotocol/protocolVersion");
  modern_ = options_.era == Era::modern || (options_.era == Era::both && !version.empty());
  if (method == R"("server/discover")" && options_.era == Era::legacy) {
    error(id, -32601, "Method not found");
    return true;
  }
  if (!modern_) return false;
  const bool initializing = method == R"("initialize")";
  const std::string_view requested = initializing ? member(params, "protocolVersion") : version;
  if (requested.empty()) {
    error(id, -32602, "Invalid params: _meta lacks io.modelcontextprotocol/protocolVersion");
    return true;
  }
  if (!initializing && requested == quoted(modern_version)) return false;
  error(id, -32022, "Unsupported protocol version",
        R"({"supported":[")" + std::string{modern_version} + R"("],"requested":)" +
            std::string{requested} + '}');
  return true;
}

void Server::initialize(std::string_view id, std::string_view params) {
  if (options_.exits_in_handshake) {
    status_ = options_.code_or(1);
    return;
  }
  if (!options_.answers_initialize) return;
  client_has_roots_ = !member(member(params, "capabilities"), "roots").empty();
  std::string_view version = member(params, "protocolVersion");
  constexpr std::string_view known[] = {R"("2024-11-05")", R"("2025-03-26")", R"("2025-06-18")",
                                        R"("2025-11-25")"};
  if (std::ranges::find(known, version) == std::end(known)) version = known[3];
  result(id, R"("protocolVersion":)" + std::string{version} +
                 R"(,"capabilities":{"tools":{"listChanged":true}},"serverInfo":)" +
                 std::string{server_info});
}

void Server::discover(std::string_view id) {
  if (options_.exits_in_handshake) {
    status_ = options_.code_or(1);
    return;
  }
  if (!options_.answers_initialize) return;
  result(id,
         R"("supportedVersions":[")" + std::string{modern_version} +
             R"("],"capabilities":{"tools":{}},"_meta":{"io.modelcontextprotocol/serverInfo":)" +
             std::string{server_info} + '}',
         true);
  became_ready();
}

void Server::list_tools(std::string_view id) {
  if (!options_.answers_tools_list) return;
  result(id, R"("tools":)" + (options_.has_tools ? one_line(tools) : "[]"), true);
}

void Server::call_tool(std::string_view id, std::string_view params) {
  const std::string_view name = member(params, "name");
  const std::string_view arguments = member(params, "arguments");
  ++calls_;
  if (name == R"("echo")") {
    const std::string_view text = member(arguments, "text");
    return text.starts_with('"') ? text_result(id, text)
                                 : error(id, -32602, "echo wants a string as its text");
  }
  if (name == R"("inspect")") return text_result(id, quoted(inheritance()));
  if (name == R"("count")") return text_result(id, quoted(std::to_string(calls_)));
  if (name == R"("exit")") {
    status_ = static_cast<int>(number(member(arguments, "code"), options_.code_or(1)));
    return;
  }
  if (name == R"("crash")") {
    raise(static_cast<int>(number(member(arguments, "signal"), options_.signal)));
    return;
  }
  if (name == R"("sleep")") {
    const long ms = number(member(arguments, "ms"), 1000);
    if (options_.one_at_a_time) {
      sleep_ms(ms);
      return text_result(id, R"("slept")");
    }
    const auto answer = [this, request = std::string{id}, modern = modern_] {
      modern_ = modern;
      text_result(request, R"("slept")");
    };
    timers_.push_back({now_ms() + ms, std::string{id}, answer});
    return;
  }
  error(id, -32602, "Unknown tool");
}

void Server::became_ready() {
  if (options_.dies_when_ready) {
    in(options_.after, [this] { status_ = options_.code_or(1); });
  }
  if (options_.insists_on_roots || (options_.asks_for_roots && client_has_roots_)) {
    roots_unanswered_ = true;
    send(R"({"jsonrpc":"2.0","id":"roots-1","method":"roots/list"})");
  }
  if (options_.announces_changes) {
    for (long i = 0; i < options_.count; ++i) {
      send(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
    }
  }
}

void Server::result(std::string_view id, std::string members, bool cacheable) {
  if (modern_) {
    if (!members.empty()) members += ',';
    members += R"("resultType":"complete")";
    if (cacheable) members += R"(,"ttlMs":0,"cacheScope":"private")";
  }
  send(R"({"jsonrpc":"2.0","id":)" + std::string{id} + R"(,"result":{)" + members + "}}");
}

void Server::text_result(std::string_view id, std::string_view json_string) {
  std::string text{json_string};
  if (options_.huge_answers) {
    text.insert(text.size() - 1, static_cast<std::size_t>(options_.mib) << 20, 'x');
  }
  result(id, R"("content":[{"type":"text","text":)" + text + R"(}],"isError":false)");
}

void Server::error(std::string_view id, int code, std::string_view message, std::string_view data) {
  std::string text = R"({"jsonrpc":"2.0","id":)" + std::string{id} + R"(,"error":{"code":)" +
                     std::to_string(code) + R"(,"message":)" + quoted(message);
  if (!data.empty()) text += R"(,"data":)" + std::string{data};
  send(text + "}}");
}

void Server::send(std::string_view message) {
  if (options_.garbage_on_stdout) {
    write_all(STDOUT_FILENO, "debug: about to answer\n\n{\"half\": \n\xff\xfe not UTF-8\n[]\n");
  }
  write_all(STDOUT_FILENO, std::string{message} + '\n');
}

}  // namespace misbehave
