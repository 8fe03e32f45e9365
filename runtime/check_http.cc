#include "runtime/check_http.h"

#include <utility>

#include "http/client.h"
#include "loop/timer.h"

namespace mcpctl::runtime {

class CheckHttp::Inner {
 public:
  Inner(loop::Loop& loop, const std::string& url, CheckRunner::Done done)
      : done_(std::move(done)), refused_(loop), client_(loop) {
    auto parsed = http::parse_url(url);
    if (!parsed) {
      refused_.arm(Duration{0}, [this, why = parsed.error().message] { done_(false, why); });
      return;
    }
    http::Outgoing request;
    request.url = std::move(*parsed);
    http::CallOptions options;
    options.total_timeout = Duration{0};  // the check as a whole has a deadline
    options.first_byte_timeout = Duration{0};
    http::CallCallbacks callbacks;
    // The head tells; a body that never ends does not matter.
    callbacks.on_head = [this](const http::Response& head) { judge(head.status); };
    callbacks.on_done = [this](Result<http::Response> answer) {
      if (answer) return judge(answer->status);
      finish(false, answer.error().message);
    };
    call_ = client_.send(std::move(request), options, std::move(callbacks));
  }

 private:
  void judge(int status) {
    finish(status >= 200 && status < 400, "HTTP status " + std::to_string(status));
  }

  void finish(bool succeeded, const std::string& why) {
    const CheckRunner::Done done = std::exchange(done_, {});
    if (done) done(succeeded, why);
  }

  CheckRunner::Done done_;
  loop::Timer refused_;
  http::Client client_;
  http::Call call_;
};

CheckHttp::CheckHttp(loop::Loop& loop, const std::string& url, CheckRunner::Done done)
    : inner_(std::make_unique<Inner>(loop, url, std::move(done))) {}
CheckHttp::~CheckHttp() = default;

}  // namespace mcpctl::runtime
