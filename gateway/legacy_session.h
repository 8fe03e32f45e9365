// One session of a legacy client (MCP 2025-11-25, Streamable HTTP): its requests and
// their streams, its own stream, and what it can come back for.  Losing a connection
// cancels nothing.  Made when initialize is answered; owned by the Sessions.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycling.h"
#include "gateway/answer.h"
#include "gateway/classify.h"
#include "gateway/event_store.h"
#include "gateway/floor.h"
#include "relay/request.h"

namespace mcpctl::gateway {

class LegacySession final : public DownstreamSink {
 public:
  struct Terms {
    std::string id;
    std::string server;
    Principal principal;
    std::string_view revision;  ///< static storage
    bool logs{false};           ///< the server declares logging
    // Of the client, for who looks at the door.
    std::string remote{};   ///< where it came from
    std::string name{};     ///< as it says, printable
    std::string version{};  ///< the same
  };
  LegacySession(Floor& floor, Terms terms, relay::Asker asker);
  ~LegacySession();

  const Terms& terms() const { return terms_; }
  bool is_busy() const { return !calls_.empty() || (own_ && own_->is_open()); }
  std::size_t in_flight() const { return calls_.size(); }
  /// Of events, with somebody at the other end.
  std::size_t open_streams() const;

  /// A message or batch that was classified as legacy; its method and tool stand in the
  /// answer's visit.
  void post(Answer answer, relay::Request&& message);
  /// Its own stream, or the rest of one it lost.
  void get(Answer answer, std::string_view last_event_id);

  /// Forgets events that nobody will come back for.
  void forget(Instant now);
  bool remembers() const { return !store_.is_empty(); }

  void on_message(std::string_view text) noexcept override;

 private:
  /// The answer to one POST, which may outlive its connection.
  struct Stream final : Waiter {
    Stream(LegacySession& owner, std::uint64_t name) : session(owner), number(name) {}
    void waited() noexcept override;

    LegacySession& session;
    std::uint64_t number;
    std::uint64_t last_event{0};
    std::optional<Answer> answer;  ///< none while the client is away
    std::optional<Patience::Place> waiting;
    std::size_t pending{0};  ///< responses that are to come
    bool begun{false};       ///< it is a stream of events
    bool is_batch{false};
  };
  using Streams = RecyclingList<Stream>;

  struct Request final : CallSink {
    Request(LegacySession& owner, Streams::iterator where) : session(owner), stream(where) {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    void on_message(std::string_view text) noexcept override;
    void on_response(std::string text) noexcept override;

    LegacySession& session;
    Streams::iterator stream;
    const std::string* raw_id{nullptr};
    std::unique_ptr<Call> call;
  };
  using Requests = RecyclingMap<std::string, Request>;  ///< by raw_id

  std::optional<Refusal> refuse(const relay::Request& request, std::string_view method,
                                std::string_view tool) const;
  void post_batch(Answer answer, const relay::Request& batch);
  /// What can be answered at once; nothing when it is the server's.
  std::optional<std::string> answer_here(std::string_view method, const relay::Request& request);
  void take_notification(relay::Request message);
  void cancel(const relay::Request& notification);
  Streams::iterator open_stream(Answer answer, std::size_t pending, bool is_batch);
  void start(Streams::iterator stream, relay::Request&& message);
  void begin(Stream& stream);
  void send(Stream& stream, std::string_view text);
  void respond(Streams::iterator stream, std::string text);
  void close(Streams::iterator stream);
  void attach(Stream& stream, Answer answer);
  void end(Request& request);
  void resume(Answer answer, EventId after);
  bool primes() const;

  Floor& floor_;
  Terms terms_;
  EventStore store_;
  std::uint64_t last_stream_{0};
  std::uint64_t own_last_event_{0};
  std::uint64_t own_sent_{0};  ///< up to this event of stream 0, somebody listened
  std::optional<Answer> own_;
  Streams streams_;
  std::unique_ptr<Downstream> downstream_;
  Requests calls_;
};

}  // namespace mcpctl::gateway
