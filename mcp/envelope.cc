#include "mcp/envelope.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>

#include "mcp/raw.h"
#include "mcp/text.h"

namespace mcpctl::mcp {
namespace {

/// The objects whose members we look at; every other one is only validated.
enum class Place : unsigned char { other, message, params, meta, result, result_meta, error };

struct Wanted {
  Place in;
  std::string_view key;
  Span Envelope::* span;
  Place opens{Place::other};  ///< what the value is, should it be an object
};

constexpr Wanted wanted[]{
    {Place::message, "jsonrpc", &Envelope::jsonrpc},
    {Place::message, "id", &Envelope::id},
    {Place::message, "method", &Envelope::method},
    {Place::message, "params", &Envelope::params, Place::params},
    {Place::message, "result", &Envelope::result, Place::result},
    {Place::message, "error", &Envelope::error, Place::error},
    {Place::params, "name", &Envelope::params_name},
    {Place::params, "uri", &Envelope::params_uri},
    {Place::params, "taskId", &Envelope::params_task_id},
    {Place::params, "progressToken", &Envelope::params_progress_token},
    {Place::params, "requestId", &Envelope::params_request_id},
    {Place::params, "cursor", &Envelope::params_cursor},
    {Place::params, "level", &Envelope::params_level},
    {Place::params, "ref", &Envelope::params_ref},
    {Place::params, "task", &Envelope::params_task},
    {Place::params, "notifications", &Envelope::params_notifications},
    {Place::params, "requestState", &Envelope::params_request_state},
    {Place::params, "inputResponses", &Envelope::params_input_responses},
    {Place::params, "_meta", &Envelope::params_meta, Place::meta},
    {Place::meta, "progressToken", &Envelope::meta_progress_token},
    {Place::meta, "io.modelcontextprotocol/protocolVersion", &Envelope::meta_protocol_version},
    {Place::meta, "io.modelcontextprotocol/subscriptionId", &Envelope::meta_subscription_id},
    {Place::meta, "io.modelcontextprotocol/clientInfo", &Envelope::meta_client_info},
    {Place::meta, "io.modelcontextprotocol/clientCapabilities",
     &Envelope::meta_client_capabilities},
    {Place::meta, "io.modelcontextprotocol/logLevel", &Envelope::meta_log_level},
    {Place::result, "resultType", &Envelope::result_type},
    {Place::result, "ttlMs", &Envelope::result_ttl_ms},
    {Place::result, "cacheScope", &Envelope::result_cache_scope},
    {Place::result, "_meta", &Envelope::result_meta, Place::result_meta},
    {Place::result_meta, "io.modelcontextprotocol/subscriptionId",
     &Envelope::result_meta_subscription_id},
    {Place::error, "code", &Envelope::error_code},
    {Place::error, "message", &Envelope::error_message},
};

using WantedHere = std::span<const Wanted>;

/// By place: those of one stand together in the table.
constexpr auto wanted_by_place = [] {
  static_assert(std::ranges::is_sorted(wanted, {}, &Wanted::in));
  std::array<WantedHere, static_cast<std::size_t>(Place::error) + 1> places{};
  for (std::size_t place = 0; place < places.size(); ++place) {
    places[place] = std::ranges::equal_range(wanted, static_cast<Place>(place), {}, &Wanted::in);
  }
  return places;
}();

const Wanted* find_wanted(WantedHere here, std::string_view raw_key, bool escaped) {
  const std::string_view key{raw_key.data() + 1, raw_key.size() - 2};
  if (key.empty()) return nullptr;
  for (const Wanted& candidate : here) {
    if (escaped) {
      if (is_string(raw_key, candidate.key)) return &candidate;
      continue;
    }
    // Mostly, a look at this tells.
    if (key.size() != candidate.key.size() || key[0] != candidate.key[0]) continue;
    if (key == candidate.key) return &candidate;
  }
  return nullptr;
}

/// What plain_prefix() looks at in one step.
constexpr std::ptrdiff_t step = 16;

/// How many of the `step` bytes at `bytes` a string may simply contain: printable ASCII
/// but for the quote and the backslash.
std::ptrdiff_t plain_prefix(const char* bytes) {
  // One instruction for all of them on most machines, and plain C++ on the others.
  using Bytes [[gnu::vector_size(step)]] = signed char;
  Bytes some;
  std::memcpy(&some, bytes, sizeof some);
  // Bytes above ASCII are negative.
  const Bytes special = (some < ' ') | (some == '"') | (some == '\\');
  const auto [low, high] = std::bit_cast<std::array<std::uint64_t, 2>>(special);
  const int zeros = low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high);
  return zeros / 8;
}

/// A recursive descent over one text.  Each member function expects its value at
/// the current position and leaves the position behind it, or fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  bool message(Envelope& envelope) {
    envelope_ = &envelope;
    if (rest().size() > longest_text) return fail("a message longer than 4 GiB");
    space();
    if (at_end()) return fail("empty message");
    start_ = peek();
    if (start_ != '{' && start_ != '[') return fail("neither an object nor an array");
    if (!value(Place::message)) return false;
    space();
    return at_end() || fail("text after the message");
  }

  Malformed problem() const { return problem_; }
  /// What the message begins with.
  char start() const { return start_; }

 private:
  bool value(Place place) {
    if (at_end()) return fail("text ends where a value must stand");
    if (peek() == '"') return string();
    switch (peek()) {
      case '{': return object(place);
      case '[': return array();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  // Apart, so that value() stays small enough to stand where it is called.
  [[gnu::noinline]] bool object(Place place) {
    if (!descend()) return false;
    space();
    if (take('}')) return ascend();
    const WantedHere here = wanted_by_place[static_cast<std::size_t>(place)];
    for (;;) {
      space();
      if (!member(here)) return false;
      space();
      if (take('}')) return ascend();
      if (!take(',')) return fail("object lacks ',' or '}'");
    }
  }

  bool member(WantedHere here) {
    const char* const key = at_;
    if (at_end() || peek() != '"') return fail("object lacks a member name");
    escaped_ = false;
    if (!string()) return false;
    const Wanted* found = find_wanted(here, since(key), escaped_);
    space();
    if (!take(':')) return fail("member lacks ':'");
    space();
    const char* const value_at = at_;
    if (!value(found != nullptr ? found->opens : Place::other)) return false;
    if (found == nullptr) return true;
    Span& span = envelope_->*found->span;
    if (span) {
      at_ = key;
      return fail("member named twice");
    }
    span = Span{static_cast<std::size_t>(value_at - begin_), since(value_at).size()};
    return true;
  }

  [[gnu::noinline]] bool array() {
    if (!descend()) return false;
    space();
    if (take(']')) return ascend();
    for (;;) {
      space();
      if (!value(Place::other)) return false;
      space();
      if (take(']')) return ascend();
      if (!take(',')) return fail("array lacks ',' or ']'");
    }
  }

  bool string() {
    ++at_;
    plain_text();
    if (at_end() || peek() != '"') return rest_of_string();
    ++at_;
    return true;
  }

  /// Goes over what stands for itself, but for the last few bytes of a message.
  void plain_text() {
    if constexpr (std::endian::native != std::endian::little) return;
    const char* at = at_;
    while (end_ - at >= step) {
      const std::ptrdiff_t plain = plain_prefix(at);
      at += plain;
      if (plain < step) break;
    }
    at_ = at;
  }

  // Apart for the same reason: most strings end before it.
  [[gnu::noinline]] bool rest_of_string() {
    while (!at_end()) {
      const auto byte = static_cast<unsigned char>(peek());
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte == '\\') {
        if (!escape()) return false;
      } else if (byte < 0x20) {
        return fail("control character in a string");
      } else if (byte < 0x80) {
        ++at_;
      } else {
        const std::size_t length = utf8_sequence(rest().substr(0, 4));
        if (length == 0) return fail("invalid UTF-8");
        at_ += length;
      }
      plain_text();
    }
    return fail("unterminated string");
  }

  bool escape() {
    escaped_ = true;
    ++at_;
    if (at_end()) return fail("unterminated string");
    switch (*at_++) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't': return true;
      case 'u': break;
      default: --at_; return fail("unknown escape");
    }
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    if (unit > 0xDBFF || !rest().starts_with("\\u")) {
      return fail("lone surrogate");
    }
    at_ += 2;
    if (!hex4(unit)) return false;
    return (unit >= 0xDC00 && unit <= 0xDFFF) || fail("lone surrogate");
  }

  bool hex4(unsigned& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char digit = at_end() ? '\0' : peek();
      unsigned value = 0;
      if (digit >= '0' && digit <= '9') {
        value = static_cast<unsigned>(digit - '0');
      } else if (digit >= 'a' && digit <= 'f') {
        value = static_cast<unsigned>(digit - 'a') + 10;
      } else if (digit >= 'A' && digit <= 'F') {
        value = static_cast<unsigned>(digit - 'A') + 10;
      } else {
        return fail("\\u lacks four hexadecimal digits");
      }
      unit = unit * 16 + value;
    }
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return fail("not a JSON value");
    if (take('.') && !digits()) return fail("number lacks digits behind its point");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("number lacks digits in its exponent");
    }
    return true;
  }

  bool digits() {
    const char* const start = at_;
    while (!at_end() && peek() >= '0' && peek() <= '9') ++at_;
    return at_ != start;
  }

  bool literal(std::string_view word) {
    if (!rest().starts_with(word)) return fail("not a JSON value");
    at_ += word.size();
    return true;
  }

  bool descend() {
    if (++depth_ > max_depth) return fail("nested too deeply");
    ++at_;
    return true;
  }
  bool ascend() {
    --depth_;
    return true;
  }

  void space() {
    if (!at_end() && peek() <= ' ') skip_space();
  }
  [[gnu::noinline]] void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) {
      ++at_;
    }
  }

  bool take(char expected) {
    if (at_end() || peek() != expected) return false;
    ++at_;
    return true;
  }

  bool at_end() const { return at_ == end_; }
  char peek() const { return *at_; }
  std::string_view rest() const { return {at_, end_}; }
  std::string_view since(const char* start) const { return {start, at_}; }

  bool fail(std::string_view what) {
    problem_ = {static_cast<std::size_t>(at_ - begin_), what};
    return false;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  char start_{};
  unsigned depth_{0};
  bool escaped_{false};  ///< the last string may be
  Envelope* envelope_{nullptr};
  Malformed problem_;
};

enum class Type : unsigned char { string, number, object, array, null, boolean };

Type type_of(std::string_view raw) {
  switch (raw[0]) {
    case '"': return Type::string;
    case '{': return Type::object;
    case '[': return Type::array;
    case 'n': return Type::null;
    case 't':
    case 'f': return Type::boolean;
    default: return Type::number;
  }
}

/// Decides the kind, and holds the members against JSON-RPC 2.0 §4 and §5.
std::optional<Malformed> classify(std::string_view text, Envelope& e) {
  const auto wrong = [](Span at, std::string_view what) {
    return Malformed{at.offset, what, true};
  };
  const auto is = [text](Span span, Type type) { return span && type_of(span.in(text)) == type; };
  const bool id_is_null = is(e.id, Type::null);

  if (!e.jsonrpc || !is_string(e.jsonrpc.in(text), "2.0")) {
    return wrong(e.jsonrpc, "\"jsonrpc\" is not \"2.0\"");
  }
  if (e.id && !id_is_null && !is(e.id, Type::string) && !is(e.id, Type::number)) {
    return wrong(e.id, "\"id\" is neither a string nor a number");
  }
  if (id_is_null && !e.error) return wrong(e.id, "\"id\" is null");
  if (e.method) {
    if (!is(e.method, Type::string)) return wrong(e.method, "\"method\" is not a string");
    if (e.result) return wrong(e.result, "both \"method\" and \"result\"");
    if (e.error) return wrong(e.error, "both \"method\" and \"error\"");
    if (e.params && !is(e.params, Type::object)) {
      return wrong(e.params, "\"params\" is not an object");
    }
    e.kind = e.id ? Kind::request : Kind::notification;
    return std::nullopt;
  }
  if (e.result && e.error) return wrong(e.error, "both \"result\" and \"error\"");
  if (e.result) {
    if (!e.id) return wrong(e.result, "\"result\" without \"id\"");
    e.kind = Kind::response;
    return std::nullopt;
  }
  if (!e.error) return wrong({}, "neither \"method\" nor \"result\" nor \"error\"");
  if (!is(e.error, Type::object)) return wrong(e.error, "\"error\" is not an object");
  if (e.error_code && !is(e.error_code, Type::number)) {
    return wrong(e.error_code, "\"error.code\" is not a number");
  }
  if (e.error_message && !is(e.error_message, Type::string)) {
    return wrong(e.error_message, "\"error.message\" is not a string");
  }
  e.kind = Kind::error;
  return std::nullopt;
}

}  // namespace

std::expected<Envelope, Malformed> scan(std::string_view text) {
  std::expected<Envelope, Malformed> read;  // filled where it will be: it is large
  Scanner scanner{text};
  if (!scanner.message(*read)) {
    read = std::unexpected{scanner.problem()};
  } else if (scanner.start() == '{') {
    if (const auto problem = classify(text, *read)) read = std::unexpected{*problem};
  } else if (RawArray{text}.next()) {
    *read = {};
  } else {
    read = std::unexpected{Malformed{text.find('['), "empty batch", true}};
  }
  return read;
}

std::vector<std::string_view> batch_elements(std::string_view batch) {
  std::vector<std::string_view> elements;
  RawArray array{batch};
  while (const auto element = array.next()) elements.push_back(*element);
  return elements;
}

}  // namespace mcpctl::mcp
