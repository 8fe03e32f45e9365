// The clients of an Upstream and their calls, as it sees them.  For upstream*.cc only.
#pragma once
#include <string_view>
#include <utility>

#include "base/recycling.h"
#include "gateway/upstream.h"
#include "relay/method.h"

namespace mcpctl::gateway {

class Upstream::Seat final : public Downstream {
 public:
  Seat(Upstream& at, relay::Asker who, DownstreamSink& hears)
      : upstream(at), asker(std::move(who)), sink(hears) {}
  ~Seat() override { upstream.leave(*this); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  std::unique_ptr<Call> call(relay::Request&& request, CallSink& to) override {
    count(request);
    return upstream.call(*this, std::move(request), to);
  }
  void notify(relay::Request notification) override;
  void answer(relay::Request response) override;
  void set_log_level(std::string_view level) override;

  void count(const relay::Request& message) {
    upstream.traffic_.request_bytes += message.text.size();
  }

  Upstream& upstream;
  relay::Asker asker;
  DownstreamSink& sink;
};

class Upstream::Ticket final : public Call, public Recyclable<Upstream::Ticket> {
 public:
  enum class Place : unsigned char { waiting, sent, listening, done };

  Ticket(Seat& of, relay::CallId number, relay::Request&& what, CallSink& to)
      : seat(of),
        id(number),
        request(std::move(what)),
        method(relay::method_of(request.envelope.method.in(request.text))),
        sink(to) {}
  ~Ticket() override { end({}, runtime::CancelledBy::disconnect); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void cancel(std::string_view raw_reason) override {
    end(raw_reason, runtime::CancelledBy::client);
  }
  void end(std::string_view raw_reason, runtime::CancelledBy by) {
    if (place != Place::done) seat.upstream.cancel(*this, raw_reason, by);
  }

  Seat& seat;
  relay::CallId id;
  relay::Request request;  ///< its params may be gone once nothing can need them again
  relay::Method method;
  CallSink& sink;
  Peer* peer{nullptr};  ///< where it is sent, until that is gone
  Place place{Place::waiting};
  runtime::UpstreamError error{};  ///< why it ends without the server, once it does
  bool repeated{false};
  bool is_harmless{false};  ///< to repeat, as its tool declares and the configuration trusts
  Instant began{};
  Instant deadline{};  ///< of waiting, or of the next sign of life
  Instant limit{};     ///< of the answer, whatever the progress
};

}  // namespace mcpctl::gateway
