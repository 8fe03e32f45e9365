// Clients of a door, all on the caller's thread: each a connection that stays, a session
// of its own and one request at a time.  What they send stands ready beforehand but for
// the id, so that they take little of the processors that they share with the door.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcpctl::bench {

enum class Era {
  legacy,
  modern,
  event_stream,  ///< HTTP+SSE of 2024-11-05: answers come on a stream beside the requests
};

struct Endpoint {
  std::uint16_t port{0};  ///< of loopback
  std::string path;
};

struct Load {
  std::vector<double> latencies_ms;  ///< of the answered calls, sorted
  double per_second{0};
  std::size_t failures{0};  ///< answers that were not the wanted ones

  /// The latency that a share of all (0 … 1) does not exceed; negative without answers.
  double percentile(double share) const;
};

class Clients {
 public:
  /// Nobody yet.  `tool` is what they call, with a message.
  Clients(Endpoint endpoint, Era era, std::string tool);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Connects more of them, each with a session if its era has any.  False: one could
  /// not, and those before it are there.
  bool add(std::size_t count);
  std::size_t size() const { return all_.size(); }

  /// Each calls again as soon as it is answered, for so long.  Returns when all are.
  Load call_for(unsigned duration_ms);
  /// The first one calls once; whether that brought the result.
  bool call_once();
  /// Each opens the stream of its session, and asks nothing any more.
  bool listen();

 private:
  struct Client {
    int socket{-1};
    int stream{-1};      ///< where answers come, if not on `socket`
    std::string path{};  ///< of the requests
    std::string session{};
    std::string request{};  ///< of a call, complete
    std::size_t id_at{0};   ///< in `request`
    std::string answer{};   ///< what has come of it
    std::size_t whole{0};   ///< size of the complete answer; 0: not known yet
    std::uint64_t sent_ns{0};
  };

  bool join(Client& client);
  bool open_stream(Client& client);
  void prepare_call(Client& client) const;
  bool exchange(Client& client, std::string_view request);
  bool send_request(Client& client, std::string_view request);
  bool send_call(Client& client);
  enum class Heard { more_to_come, whole, lost };
  /// The socket on which its answers come.
  static int answering(const Client& client);
  Heard hear(Client& client, int flags);
  static bool is_whole(Client& client);
  static bool is_wanted(const Client& client);

  Endpoint endpoint_;
  Era era_;
  std::string tool_;
  int epoll_;
  std::vector<Client> all_;
};

}  // namespace mcpctl::bench
