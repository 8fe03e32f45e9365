// Clients of both eras and one server in any interleaving, through a Link.  The input
// is a program: each byte an action, with its arguments behind it.  The server is
// honest: it reads its messages in order and speaks only of requests that it holds,
// naming whose they are.  Never a crash; each call gets exactly one last message
// unless it was cancelled or its listener lives on; what is one client's is never
// shown to another; all that leaves is a valid message on one line.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "mcp/raw.h"
#include "relay/link.h"
#include "tests/fuzz/target.h"

namespace {

using namespace mcpctl;
using namespace mcpctl::relay;

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return at_ == bytes_.size(); }
  unsigned below(unsigned bound) {
    return empty() ? 0 : static_cast<unsigned char>(bytes_[at_++]) % bound;
  }
  std::string_view line() {
    const std::size_t start = at_;
    while (!empty() && bytes_[at_] != '\n') ++at_;
    const std::string_view text = bytes_.substr(start, at_ - start);
    if (!empty()) ++at_;
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t at_{0};
};

constexpr std::array methods{"tools/call",
                             "tools/list",
                             "resources/read",
                             "resources/subscribe",
                             "resources/unsubscribe",
                             "subscriptions/listen",
                             "tasks/list",
                             "prompts/get",
                             "x/y"};
constexpr std::array ids{"1", "\"1\"", "0", "-1", "1.5"};

std::string mark(DownstreamId who) { return "client-" + std::to_string(who.value) + "-"; }

class World {
 public:
  explicit World(Input& in)
      : in_(in), era_(in.below(2) == 0 ? mcp::Era::legacy : mcp::Era::modern) {
    connect();
  }

  void run() {
    while (!in_.empty() && steps_++ < 2'000) step();
    link_->closed("the end");
    drain();
    for (const auto& [call, state] : calls_) {
      MCPCTL_ASSERT(state.lasts == 1 || state.is_over || state.listens);
      MCPCTL_ASSERT(state.lasts <= 1);
    }
    MCPCTL_ASSERT(link_->in_flight() == 0);
  }

 private:
  struct CallState {
    DownstreamId who;
    unsigned lasts{0};
    bool is_over{false};  ///< cancelled: nothing may come any more
    bool listens{false};
  };
  void connect() {
    Link::Options options;
    options.server = {
        .era = era_,
        .revision = era_ == mcp::Era::modern ? mcp::newest_modern : mcp::newest_legacy,
        .server_info = R"({"name":"s","version":"1"})",
        .capabilities = R"({"tools":{"listChanged":true},"logging":{},)"
                        R"("resources":{"subscribe":true,"listChanged":true}})"};
    options.take_id = [this] { return ++last_id_; };
    options.take_ask_id = [this] { return ++last_ask_; };
    options.make_token = [this] { return "token" + std::to_string(++last_token_); };
    link_.emplace(std::move(options), interests_);
    drain();
  }

  Asker client(unsigned n) const {
    return {.downstream = {n + 1},
            .era = n % 2 == 0 ? mcp::Era::legacy : mcp::Era::modern,
            .revision = n % 2 == 0 ? mcp::newest_legacy : mcp::newest_modern,
            .info = R"({"name":"c","version":"1"})",
            .capabilities = R"({"sampling":{},"elicitation":{},"roots":{}})",
            .log_level = n % 2 == 0 ? "" : "debug"};
  }

  void step() {
    switch (in_.below(14)) {
      case 0:
      case 1:
      case 2: return client_calls();
      case 3: return server_reads();
      case 4: return server_reads();
      case 5: return server_answers();
      case 6: return server_asks();
      case 7: return server_speaks("notifications/message", R"("level":"error","data":)");
      case 8: return server_speaks_of_progress();
      case 9: return client_cancels();
      case 10: return client_answers();
      case 11: return server_raves();
      case 12: return client_fails();
      default: return rarely();
    }
  }

  void client_calls() {
    const Asker asker = client(in_.below(4));
    const unsigned method = in_.below(methods.size());
    std::string params =
        R"({"name":")" + mark(asker.downstream) + R"(","uri":"a:)" + mark(asker.downstream) + '"';
    if (in_.below(2) != 0) params += R"(,"_meta":{"progressToken":1})";
    if (in_.below(4) == 1 && last_token_ > 0) {
      params += R"(,"inputResponses":{"ask-)" + std::to_string(last_ask_) +
                R"(":{}},"requestState":")" + std::string{token_of(asker.downstream)} + '"';
    }
    params += R"(,"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:)" +
              mark(asker.downstream) + R"("]}})";
    const CallId call{++last_call_};
    CallState& state = calls_[call.value];
    state.who = asker.downstream;
    state.listens = asker.era == mcp::Era::modern && method == 5;
    auto request =
        read_request(R"({"jsonrpc":"2.0","id":)" + std::string{ids[in_.below(ids.size())]} +
                     R"(,"method":")" + methods[method] + R"(","params":)" + params + '}');
    MCPCTL_ASSERT(request.has_value());
    link_->call(call, asker, *request);
    drain();
  }

  /// The token of a call of this client's that is parked; nobody else has it.
  std::string_view token_of(DownstreamId who) const {
    const auto found = tokens_.find(who.value);
    return found == tokens_.end() ? "guess" : std::string_view{found->second};
  }

  void client_cancels() {
    if (last_call_ == 0) return;
    const CallId call{1 + in_.below(255) % last_call_};
    CallState& state = calls_[call.value];
    if (state.lasts == 0) state.is_over = true;
    link_->cancel(call, R"("why")");
    drain();
  }

  void client_fails() {
    if (last_call_ == 0) return;
    link_->fail(CallId{1 + in_.below(255) % last_call_}, error_code::timed_out, "late");
    drain();
  }

  void client_answers() {
    const CallId about{last_call_ == 0 ? 0 : 1 + in_.below(255) % last_call_};
    const auto found = calls_.find(about.value);
    const std::string who = found == calls_.end() ? "nobody" : mark(found->second.who);
    auto response =
        read_request(R"({"jsonrpc":"2.0","id":)" + std::to_string(last_ask_) +
                     (in_.below(3) == 0 ? std::string{R"(,"error":{"code":1,"message":"no"}})"}
                                        : R"(,"result":{"of":")" + who + R"("}})"));
    MCPCTL_ASSERT(response.has_value());
    link_->answer(about, *response);
    drain();
  }

  void server_reads() {
    if (inbox_.empty()) return;
    const std::string text = std::move(inbox_.front());
    inbox_.pop_front();
    const auto envelope = mcp::scan(text);
    MCPCTL_ASSERT(envelope.has_value());
    if (envelope->kind == mcp::Kind::request) {
      const std::string id{envelope->id.in(text)};
      // Of our own subscription, the sum of all wishes, the server has nothing to tell.
      const bool is_listen = text.find("subscriptions/listen") != text.npos;
      const std::size_t at = is_listen ? text.npos : text.find("client-");
      const DownstreamId who{at == text.npos ? 0 : static_cast<std::uint64_t>(text[at + 7] - '0')};
      MCPCTL_ASSERT(held_.try_emplace(id, who).second);
    } else if (envelope->params_request_id) {
      held_.erase(std::string{envelope->params_request_id.in(text)});
    }
  }

  const std::pair<const std::string, DownstreamId>* pick_held() {
    if (held_.empty()) return nullptr;
    auto at = held_.begin();
    std::advance(at, in_.below(255) % held_.size());
    return &*at;
  }

  void server_answers() {
    const auto* held = pick_held();
    if (held == nullptr) return;
    const std::string id = held->first;
    const std::string secret = mark(held->second);
    held_.erase(id);
    const std::string head = R"({"jsonrpc":"2.0","id":)" + id;
    switch (in_.below(4)) {
      case 0: return says(head + R"(,"error":{"code":-32002,"message":")" + secret + R"("}})");
      case 1:
        return says(head + R"(,"result":{"resultType":"input_required","requestState":")" + secret +
                    R"(","inputRequests":{"k":{"method":"elicitation/create","params":{"m":")" +
                    secret + R"("}}}}})");
      default: return says(head + R"(,"result":{"of":")" + secret + R"("}})");
    }
  }

  void server_asks() {
    const auto* held = pick_held();
    if (held == nullptr || !held->second) return;
    says(R"({"jsonrpc":"2.0","id":)" + std::to_string(++last_server_id_) +
         R"(,"method":"elicitation/create","params":{"message":")" + mark(held->second) + R"("}})");
  }

  void server_speaks(std::string_view method, std::string_view members) {
    const auto* held = pick_held();
    if (held == nullptr || !held->second) return;
    says(R"({"jsonrpc":"2.0","method":")" + std::string{method} + R"(","params":{)" +
         std::string{members} + '"' + mark(held->second) + R"("}})");
  }

  void server_speaks_of_progress() {
    const auto* held = pick_held();
    if (held == nullptr || !held->second) return;
    says(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
         held->first + R"(,"message":")" + mark(held->second) + R"("}})");
  }

  void server_raves() {
    const std::string_view line = in_.line();
    if (line.find("client-") == line.npos) says(line);
  }

  void rarely() {
    switch (in_.below(4)) {
      case 0: says(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"); return;
      case 1: interests_.leave({1 + in_.below(4)}); return link_->follow();
      case 2: link_->expire("token" + std::to_string(last_token_)); return drain();
      default:
        link_->closed("killed");
        drain();
        for (auto& [call, state] : calls_) {
          MCPCTL_ASSERT(state.lasts == 1 || state.is_over || state.listens);
        }
        inbox_.clear();
        held_.clear();
        connect();
    }
  }

  void says(std::string_view text) {
    const auto envelope = mcp::scan(text);
    if (!envelope) return;
    link_->receive(text, *envelope, {});
    drain();
  }

  void drain() {
    for (const Output& output : link_->take_outputs()) {
      if (const auto* out = std::get_if<ToServer>(&output)) {
        MCPCTL_ASSERT(mcp::scan(out->text).has_value());
        inbox_.push_back(out->text);
      } else if (const auto* in = std::get_if<ToClient>(&output)) {
        check(*in);
      } else if (const auto* heard = std::get_if<Heard>(&output)) {
        for (const ToClient& each : interests_.deliver(*heard)) check(each);
      }
    }
  }

  void check(const ToClient& message) {
    MCPCTL_ASSERT(mcp::scan(message.text).has_value());
    MCPCTL_ASSERT(static_cast<bool>(message.downstream));
    for (std::size_t at = message.text.find("client-"); at != message.text.npos;
         at = message.text.find("client-", at + 1)) {
      MCPCTL_ASSERT(message.text.substr(at).starts_with(mark(message.downstream)));
    }
    if (!message.call) return;
    CallState& state = calls_.at(message.call.value);
    MCPCTL_ASSERT(state.who == message.downstream);
    MCPCTL_ASSERT(!state.is_over && state.lasts == 0);
    state.lasts += message.is_last ? 1 : 0;
    if (message.is_last && message.text.find("\"requestState\":\"token") != message.text.npos) {
      tokens_[message.downstream.value] = "token" + std::to_string(last_token_);
    }
  }

  Input& in_;
  mcp::Era era_;
  Interests interests_;
  std::optional<Link> link_;
  std::map<std::uint64_t, CallState> calls_;
  std::deque<std::string> inbox_;             ///< sent to the server, not read
  std::map<std::string, DownstreamId> held_;  ///< requests at the server, by raw id
  std::map<std::uint64_t, std::string> tokens_;
  std::uint64_t last_id_{0}, last_ask_{0}, last_call_{0}, last_server_id_{0};
  unsigned last_token_{0};
  unsigned steps_{0};
};

void run_link(std::string_view input) {
  Input in{input};
  World world{in};
  world.run();
}

const mcpctl::fuzz::Target link_target{'l', run_link};

}  // namespace
