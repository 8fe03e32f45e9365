#include "gateway/inside.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/classify.h"
#include "gateway/reply.h"
#include "mcp/raw.h"
#include "mcp/text.h"
#include "relay/message.h"
#include "relay/profile.h"
#include "relay/task_extension.h"

namespace mcpctl::gateway {
namespace {

namespace code = mcp::error_code;

constexpr std::size_t longest_name = 64;

/// Methods of the legacy era that the modern one has removed.
constexpr std::array<std::string_view, 5> removed{"initialize", "ping", "logging/setLevel",
                                                  "resources/subscribe", "resources/unsubscribe"};

/// Whether an Accept header lets us answer with `type` ("application/json").
bool accepts(const http::Headers& headers, std::string_view type) {
  const auto value = headers.find("Accept");
  if (!value) return true;
  std::string_view rest = *value;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view range = rest.substr(0, comma);
    range = range.substr(0, range.find(';'));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (range.starts_with(' ') || range.starts_with('\t')) range.remove_prefix(1);
    while (range.ends_with(' ') || range.ends_with('\t')) range.remove_suffix(1);
    const bool any_of_family = range.ends_with("/*") &&
                               http::equal_ignoring_case(range.substr(0, range.size() - 1), family);
    if (range == "*/*" || any_of_family || http::equal_ignoring_case(range, type)) return true;
  }
  return false;
}

bool accepts_both(const http::Headers& headers) {
  return headers.get("Accept") == "application/json, text/event-stream" ||  // as the SDKs say it
         (accepts(headers, "application/json") && accepts(headers, "text/event-stream"));
}

/// What a server over HTTP is to see of the client's trace.
relay::Mirrored trace_of(const http::Headers& headers) {
  if (!headers.find("traceparent")) return {};
  relay::Mirrored trace;
  for (const std::string_view name : {"traceparent", "tracestate", "baggage"}) {
    if (const auto value = headers.find(name)) trace.emplace_back(name, *value);
  }
  return trace;
}

/// The server whose endpoint a request is for: NAME of "/mcp/NAME", "" of "/mcp" for all
/// of them; nothing of other paths.
std::optional<std::string> server_of(const http::Request& request) {
  constexpr std::string_view root = "/mcp";
  std::string_view path = request.raw_path();
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  if (path.empty() || path == "/") return "";
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path.contains('/')) return std::nullopt;
  return http::percent_decode(path);
}

bool is_modern(const http::Headers& headers) {
  const auto revision = mcp::find_revision(headers.get("MCP-Protocol-Version"));
  return revision && revision->era == mcp::Era::modern;
}

/// What a client says of itself, for people.
std::string told(std::string_view client_info, std::string_view key) {
  return mcp::printable(mcp::string_value(mcp::member(client_info, key)).value_or(""),
                        longest_name);
}

void refuse(Answer& answer, int status, std::string_view why, http::Headers extra = {}) {
  http::Response response = error_reply(status, {}, code::invalid_request, why);
  for (const http::Header field : extra) response.headers.add(field.name, field.value);
  answer.respond(response);
}

void refuse(Answer& answer, const relay::Request& message, const Refusal& refusal) {
  const bool has_id = message.envelope.kind == mcp::Kind::request;
  answer.respond(error_reply(refusal.status,
                             has_id ? message.envelope.id.in(message.text) : std::string_view{},
                             refusal.code, refusal.message, refusal.data));
}

}  // namespace

Door::Inside::Inside(Door& door, Backend& backend)
    : door_(door),
      backend_(backend),
      admission_(door.options_.config, door.address().host()),
      legacy_patience_(door.loop_, legacy_begin),
      modern_patience_(door.loop_, modern_begin),
      floor_{door.loop_, backend_,         door.options_.config, admission_,
             door,       legacy_patience_, modern_patience_},
      rate_(door.options_.config.requests_per_second),
      sessions_(floor_) {}

Door::Inside::~Inside() {
  for (auto& [serial, question] : questions_) {
    refuse(question.answer, 503, "the gateway is closing");
  }
  for (auto each = modern_.begin(); each != modern_.end();)
    (*each++)->leave("the gateway is closing");
}

void Door::Inside::reconfigured() {
  admission_.reconfigure(floor_.config);
  rate_.limit(floor_.config.requests_per_second);
  sessions_.reconfigured();
  for (auto each = modern_.begin(); each != modern_.end();) {
    ModernRequest& request = **each++;
    if (admission_.may_enter(request.principal(), request.server())) continue;
    request.leave("this token may not be here any more");
  }
}

runtime::Clients Door::Inside::clients() const {
  runtime::Clients clients;
  clients.sessions = sessions_.list();
  const auto subscriptions = std::ranges::count_if(
      modern_, [](const auto& request) { return request->is_subscription(); });
  clients.subscriptions = static_cast<std::size_t>(subscriptions);
  clients.requests = modern_.size() - clients.subscriptions;
  return clients;
}

bool Door::Inside::admit(Request& request) {
  Answer& answer = request.answer;
  Visit& visit = answer.visit();
  const auto server = server_of(request.http);
  if (server) request.server = visit.server = *server;
  const Verdict verdict = admission_.judge(request.http);
  request.principal = verdict.principal;
  if (verdict.status == 401) {
    refuse(answer, 401, verdict.why, {{"WWW-Authenticate", "Bearer"}});
    return false;
  }
  if (verdict.status != 0) {
    refuse(answer, verdict.status, verdict.why);
    return false;
  }
  visit.client = admission_.name(verdict.principal);
  if (!rate_.take(visit.peer, visit.began)) {
    refuse(answer, 429, "too many requests from this address", {{"Retry-After", "1"}});
    return false;
  }
  if (!server || !backend_.knows(*server)) {
    refuse(answer, 404, "no server is reached here; clients use /mcp/NAME, or /mcp");
    return false;
  }
  if (!admission_.may_enter(verdict.principal, *server)) {
    refuse(answer, 403, "this token's scopes do not allow this server",
           {{"WWW-Authenticate", "Bearer error=\"insufficient_scope\""}});
    return false;
  }
  return true;
}

void Door::Inside::handle(http::Exchange&& exchange) {
  const std::string_view peer = exchange.remote();
  const http::Request& http = exchange.request();
  Request request{http,
                  exchange.take_body(),
                  {door_.loop_, std::move(exchange), door_, floor_.config.keep_alive}};
  Visit& visit = request.answer.visit();
  visit.began = door_.loop_.turn();
  visit.peer = peer;
  visit.verb = http.method;
  if (!admit(request)) return;
  const std::string_view verb = http.method;
  if (verb == "POST") return post(std::move(request));
  const bool modern = is_modern(request.http.headers);
  const std::string_view revision = request.http.headers.get("MCP-Protocol-Version");
  if (!revision.empty() && !mcp::find_revision(revision)) {
    return refuse(request.answer, 400, "this protocol revision is not supported");
  }
  if (verb == "GET" && !modern) return get(std::move(request));
  if (verb == "DELETE" && !modern) return end_session(std::move(request));
  refuse(request.answer, 405, "this method is not served here",
         {{"Allow", modern ? "POST" : "GET, POST, DELETE"}});
}

void Door::Inside::post(Request&& request) {
  const http::Headers& headers = request.http.headers;
  if (!http::is_media_type(headers.get("Content-Type"), "application/json")) {
    return refuse(request.answer, 415, "the Content-Type must be application/json");
  }
  if (!accepts_both(headers)) {
    return refuse(request.answer, 406,
                  "the client must accept both application/json and text/event-stream");
  }
  auto message = relay::read_request(std::move(request.body));
  if (!message) {
    const mcp::Malformed& malformed = message.error();
    return request.answer.respond(
        error_reply(400, {}, malformed.is_json ? code::invalid_request : code::parse_error,
                    "this is no JSON-RPC message: " + std::string{malformed.what} + " at byte " +
                        std::to_string(malformed.offset)));
  }
  message->trace = trace_of(headers);
  const mcp::Envelope& envelope = message->envelope;
  Visit& visit = request.answer.visit();
  if (!envelope.method) {
    visit.method = envelope.kind == mcp::Kind::batch ? "batch" : "response";
  } else if (auto method = mcp::string_value(envelope.method.in(message->text))) {
    visit.method = std::move(*method);
  }
  if (visit.method == "tools/call") {
    auto tool = mcp::string_value(envelope.params_name.in(message->text));
    if (tool) visit.tool = std::move(*tool);
  }
  const auto era = classify(headers, *message);
  if (!era) return refuse(request.answer, *message, era.error());
  if (*era == mcp::Era::modern) return post_modern(std::move(request), std::move(*message));
  post_legacy(std::move(request), std::move(*message));
}

// --- modern ----------------------------------------------------------------------

void Door::Inside::post_modern(Request&& request, relay::Request&& message) {
  Answer& answer = request.answer;
  if (message.envelope.kind != mcp::Kind::request) return answer.respond(accepted());
  const std::string method = answer.visit().method;
  const std::string id{message.envelope.id.in(message.text)};
  if (std::find(removed.begin(), removed.end(), method) != removed.end()) {
    return refuse(answer, message,
                  {404, code::method_not_found, "this revision has no \"" + method + "\""});
  }
  if (method == "server/discover") {
    return describe(
        request.server, std::move(answer), [id](Answer waiting, const Described& described) {
          const std::string text =
              described ? relay::result_message(id, relay::discover_result(*described))
                        : error_text(id, relay::error_code::server_gone, described.error().message);
          waiting.respond(json_reply(200, text));
        });
  }
  if (!admission_.may_ask(request.principal, request.server, method, answer.visit().tool)) {
    return refuse(answer, message, {403, forbidden, "this token's scopes do not allow that"});
  }
  const std::string_view capabilities = message.envelope.meta_client_capabilities.in(message.text);
  if (relay::needs_task_extension(message) && !relay::knows_task_extension(capabilities)) {
    return refuse(
        answer, message,
        {400, code::missing_client_capability, "the client has not declared the extension of tasks",
         R"({"requiredCapabilities":)" + std::string{relay::task_extension_alone} + '}'});
  }
  if (has_enough_in_flight(request.principal, answer.visit().peer)) {
    const std::string whose = request.principal == Principal{} ? "address" : "token";
    return refuse(answer, message,
                  {429, relay::error_code::overloaded,
                   "too many requests of this " + whose + " are under way"});
  }
  const auto place = modern_.insert(modern_.end(), nullptr);
  *place = std::make_unique<ModernRequest>(floor_, request.server, request.principal,
                                           std::move(answer), [this, place] {
                                             ended_.splice(ended_.end(), modern_, place);
                                             if (ended_.size() > 1)
                                               return;  // the posted one takes all
                                             door_.loop_.post([&door = door_] {
                                               if (door.inside_) door.inside_->ended_.clear();
                                             });
                                           });
  (*place)->start(std::move(message), request.http.headers);
}

bool Door::Inside::has_enough_in_flight(Principal principal, std::string_view peer) const {
  const std::size_t most = floor_.config.max_in_flight;
  if (modern_.size() < most) return false;  // all together, mostly: nothing is looked through
  const auto count = std::count_if(modern_.begin(), modern_.end(), [&](const auto& each) {
    const bool is_same =
        each->principal() == principal && (principal != Principal{} || each->peer() == peer);
    return is_same && !each->is_subscription();
  });
  return static_cast<std::size_t>(count) >= most;
}

// --- legacy ----------------------------------------------------------------------

void Door::Inside::post_legacy(Request&& request, relay::Request&& message) {
  if (request.answer.visit().method == "initialize") {
    return initialize(std::move(request), std::move(message));
  }
  const auto id = request.http.headers.find("Mcp-Session-Id");
  if (!id) {
    return refuse(request.answer, message,
                  {400, code::invalid_request, "the Mcp-Session-Id header is missing"});
  }
  LegacySession* session = sessions_.find(*id, request.principal, request.server);
  if (session == nullptr) {
    return refuse(request.answer, message, {404, code::invalid_request, "no such session"});
  }
  session->post(std::move(request.answer), std::move(message));
}

void Door::Inside::initialize(Request&& request, relay::Request&& message) {
  const mcp::Envelope& envelope = message.envelope;
  if (envelope.kind != mcp::Kind::request) return request.answer.respond(accepted());
  const std::string_view params = envelope.params.in(message.text);
  const auto wanted = mcp::string_value(mcp::member(params, "protocolVersion"));
  if (!wanted) {
    return refuse(request.answer, message,
                  {400, code::invalid_params, "\"protocolVersion\" is missing"});
  }
  relay::Asker asker;
  asker.era = mcp::Era::legacy;
  asker.revision = negotiate(*wanted);
  asker.info = mcp::member(params, "clientInfo");
  asker.capabilities = mcp::member(params, "capabilities");
  const std::string server = request.server;
  describe(server, std::move(request.answer),
           [this, server, principal = request.principal, asker = std::move(asker),
            id = std::string{envelope.id.in(message.text)}](Answer answer,
                                                            const Described& described) mutable {
             if (!described) {
               return answer.respond(json_reply(
                   200, error_text(id, relay::error_code::server_gone, described.error().message)));
             }
             const std::string_view revision = asker.revision;
             const bool logs = relay::declares(described->capabilities, "logging");
             LegacySession::Terms terms{.id = "",
                                        .server = server,
                                        .principal = principal,
                                        .revision = revision,
                                        .logs = logs,
                                        .remote = answer.visit().peer,
                                        .name = told(asker.info, "name"),
                                        .version = told(asker.info, "version")};
             const LegacySession& session = sessions_.open(std::move(terms), std::move(asker));
             http::Response response = json_reply(
                 200, relay::result_message(id, relay::initialize_result(*described, revision)));
             response.headers.add("Mcp-Session-Id", session.terms().id);
             answer.respond(response);
           });
}

void Door::Inside::get(Request&& request) {
  const http::Headers& headers = request.http.headers;
  if (!accepts(headers, "text/event-stream")) {
    return refuse(request.answer, 406, "the client must accept text/event-stream");
  }
  const auto id = headers.find("Mcp-Session-Id");
  if (!id) return refuse(request.answer, 400, "the Mcp-Session-Id header is missing");
  LegacySession* session = sessions_.find(*id, request.principal, request.server);
  if (session == nullptr) return refuse(request.answer, 404, "no such session");
  session->get(std::move(request.answer), headers.get("Last-Event-ID"));
}

void Door::Inside::end_session(Request&& request) {
  const auto id = request.http.headers.find("Mcp-Session-Id");
  if (!id) return refuse(request.answer, 400, "the Mcp-Session-Id header is missing");
  const LegacySession* session = sessions_.find(*id, request.principal, request.server);
  if (session == nullptr) return refuse(request.answer, 404, "no such session");
  sessions_.close(*session);
  request.answer.respond({204, {}, {}});
}

void Door::Inside::describe(std::string_view server, Answer answer, Told told) {
  const std::uint64_t serial = ++door_.last_question_;
  questions_.emplace(serial, Question{std::move(answer), std::move(told)});
  // The door outlives the backend, so it can always be asked whether somebody waits.
  backend_.describe(server, [&door = door_, serial](const Described& described) {
    if (!door.inside_) return;
    const auto found = door.inside_->questions_.find(serial);
    if (found == door.inside_->questions_.end()) return;
    Question question = std::move(found->second);
    door.inside_->questions_.erase(found);
    if (question.answer.is_open()) question.told(std::move(question.answer), described);
  });
}

}  // namespace mcpctl::gateway
