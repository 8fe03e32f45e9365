// Speaks stdio on one side and Streamable HTTP on the other: what a client writes line
// by line goes to the fleet's door, what the door answers comes back as lines.  Passes
// messages on as they are, in both eras; keeps the legacy session; answers in the
// door's place, with an error, when the door cannot be reached.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/url.h"
#include "loop/loop.h"

namespace mcpctl::cli {

class Bridge {
 public:
  /// `write` gets one message at a time, without a newline.
  Bridge(loop::Loop& loop, http::Url door, http::Headers headers,
         std::function<void(std::string_view)> write);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// One line of the client's.
  void take(std::string line);
  /// The client writes no more: `done` is called once what it asked for is answered,
  /// or has taken too long, and the session is ended.
  void finish(std::function<void()> done);

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::cli
