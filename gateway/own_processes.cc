#include "gateway/own_processes.h"

#include <optional>
#include <string_view>
#include <utility>

#include "gateway/upstream.h"
#include "relay/profile.h"

namespace mcpctl::gateway {

/// One session.  What it wants to hear of and its log level stay with its Upstream while
/// processes come and go.
class OwnProcesses::Client final : public Downstream {
 public:
  Client(OwnProcesses& of, relay::Asker asker, DownstreamSink& sink)
      : owner_(of),
        asker_(asker),
        sink_(sink),
        upstream(of.loop_, of.supervisor_, of.server_, of.numbers_),
        seat_(upstream.own(std::move(asker), sink)) {}
  ~Client() override {
    seat_.reset();  // whom nothing reaches any more
    owner_.close(*this);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::unique_ptr<Call> call(relay::Request&& request, CallSink& sink) override {
    if (!owner_.shared_.is_attached() || !(upstream.is_attached() || is_entitled())) {
      return shared_seat().call(std::move(request), sink);
    }
    if (!owner_.open(*this)) {
      upstream.turn_away("each of its processes works for another session (maxSessions)");
    }
    return seat_->call(std::move(request), sink);
  }
  void notify(relay::Request notification) override { seat_->notify(std::move(notification)); }
  void answer(relay::Request response) override { seat_->answer(std::move(response)); }
  void set_log_level(std::string_view level) override {
    asker_.log_level = level;
    seat_->set_log_level(level);
    if (shared_seat_) shared_seat_->set_log_level(level);
  }

 private:
  OwnProcesses& owner_;
  relay::Asker asker_;
  DownstreamSink& sink_;

 public:
  mcp::Introduction introduction() const { return relay::introduction_of(asker_); }

  Upstream upstream;
  std::optional<std::list<Client*>::iterator> place;  ///< among the holders

 private:
  /// A server that has failed or was stopped says so itself; no process is tried again
  /// for each session.
  bool is_entitled() const {
    return !owner_.shared_.is_gone() && owner_.shared_.config().sharing == config::Sharing::session;
  }
  /// For what the server's own process has to answer.
  Downstream& shared_seat() {
    if (!shared_seat_) {
      shared_seat_ = owner_.shared_.join(asker_, sink_);
      if (!asker_.log_level.empty()) shared_seat_->set_log_level(asker_.log_level);
    }
    return *shared_seat_;
  }

  std::unique_ptr<Downstream> seat_;
  std::unique_ptr<Downstream> shared_seat_;
};

OwnProcesses::OwnProcesses(loop::Loop& loop, runtime::Supervisor& supervisor, std::string server,
                           Numbers& numbers, Upstream& shared)
    : loop_(loop),
      supervisor_(supervisor),
      server_(std::move(server)),
      numbers_(numbers),
      shared_(shared) {}

OwnProcesses::~OwnProcesses() = default;

std::unique_ptr<Downstream> OwnProcesses::connect(relay::Asker asker, DownstreamSink& sink) {
  return std::make_unique<Client>(*this, std::move(asker), sink);
}

/// Counts as use.  False: there are as many as may be, and all are busy.
bool OwnProcesses::open(Client& client) {
  if (client.upstream.is_attached()) {
    holders_.splice(holders_.end(), holders_, *client.place);
    return true;
  }
  close(client);  // a reload may have taken the one that it had
  if (!make_room()) return false;
  runtime::Channel* channel = supervisor_.open_replica(server_, client.introduction());
  if (channel == nullptr) return false;
  client.upstream.attach(*channel);
  client.place = holders_.insert(holders_.end(), &client);
  return true;
}

bool OwnProcesses::make_room() {
  std::erase_if(holders_, [](Client* holder) {
    const bool lost = !holder->upstream.is_attached();
    if (lost) holder->place.reset();
    return lost;
  });
  for (auto each = holders_.begin(); holders_.size() >= shared_.config().max_sessions;) {
    if (each == holders_.end()) return false;
    Client& holder = **each++;
    if (!holder.upstream.is_busy()) close(holder);
  }
  return true;
}

void OwnProcesses::close(Client& client) {
  if (client.place) holders_.erase(*std::exchange(client.place, std::nullopt));
  if (!client.upstream.is_attached()) return;
  const std::string replica = client.upstream.config().name;
  client.upstream.detach();
  supervisor_.close_replica(replica);
}

}  // namespace mcpctl::gateway
