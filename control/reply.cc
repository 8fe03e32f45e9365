#include "control/reply.h"

namespace mcpctl::control {
namespace {

http::Response reply(int status, std::string_view type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", type);
  response.headers.set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

}  // namespace

http::Response json_reply(int status, std::string json) {
  return reply(status, "application/json", std::move(json += "\n"));
}

http::Response text_reply(int status, std::string text, std::string_view type) {
  return reply(status, type, std::move(text));
}

http::Response problem_reply(int status, std::string detail, std::string suggestion) {
  const ProblemDetails problem{status, std::string{http::reason_phrase(status)}, std::move(detail),
                               std::move(suggestion)};
  return reply(status, "application/problem+json", to_json(problem) + "\n");
}

}  // namespace mcpctl::control
