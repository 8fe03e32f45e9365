#include "runtime/check_runner.h"

#include <utility>

#include "loop/connector.h"
#include "loop/resolver.h"
#include "loop/timer.h"
#include "runtime/check_command.h"
#include "runtime/check_http.h"

namespace mcpctl::runtime {

/// One check under way: whatever performs it, under one deadline.
class CheckRunner::Running {
 public:
  Running(loop::Loop& loop, TreeWatch& trees, const CheckTarget& target, Done done)
      : loop_(loop), trees_(trees), target_(target), done_(std::move(done)), deadline_(loop) {}

  void begin(health::Check check, Duration timeout) {
    deadline_.arm(timeout, [this, timeout] {
      finish(false, what_ + ": no answer in " + std::to_string(timeout.count()) + "ms");
    });
    switch (check) {
      case health::Check::tcp: return begin_tcp();
      case health::Check::http_get: return begin_http();
      case health::Check::exec: return begin_command();
      case health::Check::handshake:
      case health::Check::ping:
      case health::Check::discover:
      case health::Check::tools_list: break;
    }
    finish_soon(false, "this check is a message, not a connection");
  }

  /// Nobody wants to hear of it any more.
  void silence() { done_ = {}; }

 private:
  void begin_tcp() {
    what_ = "tcp " + target_.host + ":" + std::to_string(target_.port);
    lookup_ = loop::Lookup{loop_, target_.host, target_.port,
                           [this](Result<std::vector<loop::Address>> addresses) {
                             if (!addresses) return finish(false, addresses.error().message);
                             connect(std::move(*addresses));
                           }};
  }

  void connect(std::vector<loop::Address> addresses) {
    connector_.emplace(loop_, std::move(addresses), [this](Result<loop::Fd> socket) {
      if (socket) return finish(true, "");
      finish(false, what_ + ": " + socket.error().message);
    });
  }

  void begin_http() {
    const bool is_ipv6 = target_.host.find(':') != std::string::npos;
    const std::string host = is_ipv6 ? "[" + target_.host + "]" : target_.host;
    const std::string url =
        target_.scheme + "://" + host + ":" + std::to_string(target_.port) + target_.path;
    what_ = "GET " + url;
    http_.emplace(loop_, url, [this](bool succeeded, const std::string& why) {
      finish(succeeded, what_ + ": " + why);
    });
  }

  void begin_command() {
    if (target_.command.empty()) return finish_soon(false, "exec: there is no command");
    what_ = "exec " + target_.command.front();
    command_.emplace(loop_, trees_, target_, [this](bool succeeded, const std::string& why) {
      finish(succeeded, what_ + ": " + why);
    });
  }

  void finish_soon(bool succeeded, std::string why) {
    deadline_.arm(Duration{0}, [this, succeeded, why = std::move(why)] { finish(succeeded, why); });
  }

  /// Ends in the callback of one of the members: `done_` may destroy this.
  void finish(bool succeeded, const std::string& why) {
    const Done done = std::exchange(done_, {});
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): it may go with this
    const std::string text = why;
    if (done) done(succeeded, text);
  }

  loop::Loop& loop_;
  TreeWatch& trees_;
  CheckTarget target_;
  Done done_;
  std::string what_;
  loop::Timer deadline_;
  loop::Lookup lookup_;
  std::optional<loop::Connector> connector_;
  std::optional<CheckHttp> http_;
  std::optional<CheckCommand> command_;
};

CheckRunner::CheckRunner(loop::Loop& loop, TreeWatch& trees) : loop_(loop), trees_(trees) {}
CheckRunner::~CheckRunner() = default;

void CheckRunner::begin(health::Check check, const CheckTarget& target, Duration timeout,
                        Done done) {
  abandon();
  running_ = std::make_unique<Running>(
      loop_, trees_, target,
      [this, done = std::move(done)](bool succeeded, const std::string& why) {
        // The check ends inside a callback of its own parts: they go later.
        if (running_) trees_.dispose(std::move(running_));
        done(succeeded, why);
      });
  running_->begin(check, timeout);
}

void CheckRunner::abandon() {
  if (!running_) return;
  running_->silence();
  trees_.dispose(std::move(running_));
}

}  // namespace mcpctl::runtime
