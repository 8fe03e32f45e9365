#include "cli/shutdown.h"

#include <unistd.h>

#include <ranges>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace mcpctl::cli {
namespace {

constexpr Duration one_wish{100};
constexpr std::size_t names_shown = 5;

/// "weather, github and 3 more"; empty when nothing runs.
std::string list(const std::vector<std::string>& servers) {
  std::string text;
  for (const std::string& server : servers | std::views::take(names_shown)) {
    text += (text.empty() ? "" : ", ") + server;
  }
  if (servers.size() <= names_shown) return text;
  return text + " and " + std::to_string(servers.size() - names_shown) + " more";
}

}  // namespace

Shutdown::Shutdown(loop::Loop& loop, runtime::Supervisor& supervisor, Log& log)
    : loop_(loop), supervisor_(supervisor), log_(log) {}

void Shutdown::request(std::string_view reason) {
  const Instant now = loop_.now();
  if (last_request_ && now - *last_request_ < one_wish) return;
  last_request_ = now;
  switch (++requests_) {
    case 1: begin(reason); break;
    case 2:
      log_.warning(std::string{reason} + " again: killing everything");
      was_forced_ = true;
      supervisor_.kill_all();
      break;
    default: supervisor_.kill_all(); ::_exit(exit_failed);
  }
}

void Shutdown::begin(std::string_view reason) {
  if (supervisor_.is_stopping()) return;
  const std::string waiting_for = list(supervisor_.with_process());
  log_.info(
      std::string{reason} + ": stopping" +
      (waiting_for.empty() ? "" : "; waiting for " + waiting_for + " (once more kills them now)"));
  supervisor_.stop_all();
}

void Shutdown::abandon(std::string_view reason) {
  log_.error(std::string{reason} + ": killing everything");
  supervisor_.end_now();
  ::_exit(exit_failed);
}

}  // namespace mcpctl::cli
