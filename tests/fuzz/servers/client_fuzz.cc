// The whole way of a server's bytes: LineFramer, scan(), Client.  The input is the
// server's stdout; the byte 0x01 lets a second pass, 0x02 starts a probe, 0x03
// replaces itself by the id of our last request.  Framing must not depend on how
// the stream was cut, everything we write must be valid, and memory is bounded.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "mcp/client.h"
#include "mcp/framing.h"
#include "tests/fuzz/target.h"

namespace {

using namespace mcpctl;
using namespace mcpctl::mcp;
using namespace std::chrono_literals;

constexpr std::size_t cap = 512;

std::vector<std::string> frames(std::string_view stream, std::size_t chunk) {
  LineFramer framer{cap};
  std::vector<std::string> lines;
  const auto note = [&](const LineFramer::Frame& frame) {
    MCPCTL_ASSERT(frame.overlong ? frame.size > cap && frame.line.empty()
                                 : frame.line.size() <= cap);
    lines.push_back(frame.overlong ? "overlong" : std::string{frame.line});
  };
  for (std::size_t at = 0; at < stream.size(); at += chunk) {
    framer.feed(stream.substr(at, chunk));
    while (const auto frame = framer.next()) note(*frame);
    MCPCTL_ASSERT(framer.buffered() <= cap + 1);
  }
  if (const auto frame = framer.finish()) note(*frame);
  MCPCTL_ASSERT(framer.buffered() == 0 || !framer.next());
  return lines;
}

class Talk {
 public:
  explicit Talk(bool skip_discover) : client_{{.skip_discover = skip_discover}} {
    client_.begin(now_);
    drain();
  }

  void hears(std::string line) {
    for (char& c : line) {
      switch (c) {
        case 1: passes(1s); break;
        case 2: client_.probe(Probe::ping, 5s, now_); break;
        case 3: c = static_cast<char>('0' + last_id_ % 10); break;
        default: break;
      }
    }
    client_.receive(line, now_);
    drain();
  }

  void passes(Duration duration) {
    now_ = now_ + duration;
    client_.poll(now_);
    if (const auto next = client_.next_deadline()) MCPCTL_ASSERT(*next > now_);
    drain();
  }

 private:
  void drain() {
    for (const Output& output : client_.take_outputs()) {
      if (const auto* send = std::get_if<Send>(&output)) {
        MCPCTL_ASSERT(scan(send->text).has_value());
        MCPCTL_ASSERT(send->text.find('\n') == send->text.npos);
        if (send->id != 0) last_id_ = send->id;
      }
      handshakes_ += std::holds_alternative<HandshakeCompleted>(output) ? 1 : 0;
      handshakes_ += std::holds_alternative<HandshakeFailed>(output) ? 1 : 0;
    }
    MCPCTL_ASSERT(handshakes_ <= 1);
    MCPCTL_ASSERT(client_.is_ready() == (client_.identity().era != Era::unknown));
    MCPCTL_ASSERT(client_.identity().name.size() <= 256);
    MCPCTL_ASSERT(client_.tools().size() <= 10'000);
  }

  Client client_;
  Instant now_{1h};
  std::uint64_t last_id_{0};
  int handshakes_{0};
};

void run_client(std::string_view input) {
  if (input.empty()) return;
  const std::size_t first_byte = static_cast<unsigned char>(input[0]);
  const std::string_view stream{input.substr(1)};
  const std::vector<std::string> lines = frames(stream, input.size());
  MCPCTL_ASSERT(frames(stream, 1) == lines);
  MCPCTL_ASSERT(frames(stream, 1 + first_byte % 16u) == lines);

  Talk talk{(first_byte & 0x80) != 0};
  for (const std::string& line : lines) talk.hears(line);
  for (int i = 0; i < 100; ++i) talk.passes(1s);
}

const mcpctl::fuzz::Target client_target{'c', run_client};

}  // namespace
