// What serves while the door is open: every request finds its session, or becomes
// one of its own.  For gateway/ only.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/door.h"
#include "gateway/floor.h"
#include "gateway/modern_request.h"
#include "gateway/request_rate.h"
#include "gateway/sessions.h"

namespace mcpctl::gateway {

struct Door::Inside {
  Inside(Door& door, Backend& backend);
  ~Inside();

  void handle(http::Exchange&& exchange);
  /// The door has other settings than before.
  void reconfigured();
  std::size_t in_flight() const { return modern_.size() + sessions_.in_flight(); }
  std::size_t sessions() const { return sessions_.count(); }
  runtime::Clients clients() const;

 private:
  using Moderns = std::list<std::unique_ptr<ModernRequest>>;
  /// Asks what the server says of itself; drops the answer when its client has gone.
  using Told = loop::Callback<Answer, const Described&>;
  struct Question {
    Answer answer;
    Told told;
  };

  /// Who asks for what.  Only until handle() returns; body and answer may be moved out.
  struct Request {
    const http::Request& http;
    std::string body;
    Answer answer;
    std::string server{};
    Principal principal{};
  };
  /// Finds out from whom it is, and for which server.  False: it was refused.
  bool admit(Request& request);
  void post(Request&& request);
  void post_modern(Request&& request, relay::Request&& message);
  void post_legacy(Request&& request, relay::Request&& message);
  void initialize(Request&& request, relay::Request&& message);
  void get(Request&& request);
  void end_session(Request&& request);
  void describe(std::string_view server, Answer answer, Told told);
  /// As many as one client may, among the modern ones, who have no session: whoever comes
  /// with this token counts as one or, without tokens, from this address.
  bool has_enough_in_flight(Principal principal, std::string_view peer) const;

  Door& door_;
  Backend& backend_;
  Admission admission_;
  Patience legacy_patience_;
  Patience modern_patience_;
  Floor floor_;
  RequestRate rate_;
  std::map<std::uint64_t, Question> questions_;
  Sessions sessions_;
  Moderns modern_;
  Moderns ended_;  ///< until the current callbacks have returned
};

}  // namespace mcpctl::gateway
