#include "cli/api_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <vector>

#include "loop/address.h"
#include "loop/connector.h"
#include "loop/system_error.h"

namespace mcpctl::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// poll(2)'s timeout; -1 for never.
int patience_ms(Deadline deadline) {
  if (deadline == never) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000));
}

http::Limits generous() {
  http::Limits limits;
  limits.body_bytes = 1u << 30;  // the answer comes from our own supervisor
  return limits;
}

}  // namespace

Deadline in(Duration duration) { return Clock::now() + duration; }

ApiCall::ApiCall(loop::Fd socket) : socket_(std::move(socket)), parser_(generous()) {}

Result<ApiCall> ApiCall::send(const std::string& socket, std::string_view method,
                              std::string_view target) {
  const auto address = loop::Address::unix_path(socket);
  if (!address) return std::unexpected{address.error()};
  auto connected = loop::connect_unix(*address);
  if (!connected) return std::unexpected{connected.error()};
  const std::string request = std::string{method} + " " + std::string{target} +
                              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n";
  // Far below the socket's buffer: it goes in one piece.
  if (::send(connected->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return loop::system_failure("cannot talk to " + address->text(), errno);
  }
  return ApiCall{std::move(*connected)};
}

Result<bool> ApiCall::read_more(Deadline deadline) {
  pollfd wait{socket_.get(), POLLIN, 0};
  const int ready = ::poll(&wait, 1, patience_ms(deadline));
  if (ready < 0 && errno == EINTR) return true;
  if (ready < 0) return loop::system_failure("cannot wait for the supervisor", errno);
  if (ready == 0) {
    if (Clock::now() < deadline) return true;
    return failure(std::string{late});
  }
  char buffer[64 * 1024];
  const ssize_t length = ::read(socket_.get(), buffer, sizeof buffer);
  if (length < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (length < 0) return loop::system_failure("lost the supervisor", errno);
  if (length == 0) {
    complete_ = complete_ || parser_.finish() == http::Progress::complete;
    return false;
  }
  std::string_view bytes{buffer, static_cast<std::size_t>(length)};
  while (!bytes.empty() && !complete_) {
    const http::Fed fed = parser_.feed(bytes);
    bytes.remove_prefix(fed.consumed);
    if (fed.progress == http::Progress::failed) {
      return failure("cannot understand the supervisor's answer: " + parser_.refusal().reason);
    }
    head_ = head_ || fed.progress != http::Progress::more;
    complete_ = fed.progress == http::Progress::complete;
    if (fed.progress == http::Progress::more) break;
  }
  return true;
}

Result<void> ApiCall::await_head(Deadline deadline) {
  while (!head_ && !complete_) {
    const auto more = read_more(deadline);
    if (!more) return std::unexpected{more.error()};
    if (!*more && !complete_) return failure("the supervisor hung up");
  }
  return {};
}

Result<http::Response> ApiCall::await_whole(Deadline deadline) {
  while (!complete_) {
    const auto more = read_more(deadline);
    if (!more) return std::unexpected{more.error()};
    if (!*more && !complete_) return failure("the supervisor hung up");
  }
  return parser_.take();
}

Result<std::optional<http::SseEvent>> ApiCall::next_event(Deadline deadline, bool& timed_out) {
  timed_out = false;
  for (bool open = true;;) {
    std::vector<http::SseEvent> events;
    if (!events_.feed(parser_.take_body(), events)) {
      return failure("cannot understand the supervisor's events");
    }
    ready_.insert(ready_.end(), events.begin(), events.end());
    if (!ready_.empty()) {
      http::SseEvent event = std::move(ready_.front());
      ready_.pop_front();
      return event;
    }
    if (complete_ || !open) return std::nullopt;
    const auto more = read_more(deadline);
    if (!more) {
      timed_out = more.error().message == late;
      if (timed_out) return std::nullopt;
      return std::unexpected{more.error()};
    }
    open = *more;
  }
}

Result<std::string> call(const std::string& socket, std::string_view method,
                         std::string_view target, Duration patience) {
  auto sent = ApiCall::send(socket, method, target);
  if (!sent) return std::unexpected{sent.error()};
  auto answer = sent->await_whole(in(patience));
  if (!answer) return std::unexpected{answer.error()};
  if (answer->status / 100 == 2) return std::move(answer->body);
  return failure(problem_text(answer->status, answer->body));
}

std::string problem_text(int status, std::string_view body) {
  const auto problem = nlohmann::json::parse(body, nullptr, false);
  const auto text = [&](const char* key) -> std::string {
    if (!problem.is_object() || !problem.contains(key) || !problem[key].is_string()) return "";
    return problem[key].get<std::string>();
  };
  std::string detail = text("detail");
  if (detail.empty()) {
    detail = "the supervisor answered " + std::to_string(status) + " " +
             std::string{http::reason_phrase(status)};
  }
  const std::string suggestion = text("suggestion");
  return suggestion.empty() ? detail : detail + "; " + suggestion;
}

}  // namespace mcpctl::cli
