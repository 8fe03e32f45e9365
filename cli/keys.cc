#include "cli/keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcp/text.h"

namespace mcpctl::cli {
namespace {

constexpr char escape_byte = '\x1b';

struct Sequence {
  std::string_view bytes;  ///< behind ESC [ or ESC O
  Key::Kind kind;
};
constexpr std::array sequences{
    Sequence{"A", Key::Kind::up},       Sequence{"B", Key::Kind::down},
    Sequence{"C", Key::Kind::right},    Sequence{"D", Key::Kind::left},
    Sequence{"H", Key::Kind::home},     Sequence{"F", Key::Kind::end},
    Sequence{"1~", Key::Kind::home},    Sequence{"4~", Key::Kind::end},
    Sequence{"7~", Key::Kind::home},    Sequence{"8~", Key::Kind::end},
    Sequence{"5~", Key::Kind::page_up}, Sequence{"6~", Key::Kind::page_down},
    Sequence{"M", Key::Kind::enter},  // of the keypad
};

Key::Kind kind_of_sequence(std::string_view bytes) {
  const auto known = std::ranges::find(sequences, bytes, &Sequence::bytes);
  return known == sequences.end() ? Key::Kind::other : known->kind;
}

Key control_key(char byte) {
  switch (byte) {
    case '\r':
    case '\n': return {Key::Kind::enter};
    case '\t': return {Key::Kind::tab};
    case '\x03': return {Key::Kind::interrupt};
    case '\x08':
    case '\x7f': return {Key::Kind::backspace};
    case '\x0c': return {Key::Kind::redraw};
    case '\x0e': return {Key::Kind::down};  // Ctrl-N and Ctrl-P, as in readline
    case '\x10': return {Key::Kind::up};
    default: return {Key::Kind::other};
  }
}

/// How many bytes the character at the front wants; 1 for what begins none.
std::size_t wanted_bytes(unsigned char lead) {
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  if (lead >= 0xe0) return lead <= 0xef ? 3 : 1;
  return lead >= 0xc2 ? 2 : 1;
}

bool is_final(char byte) { return byte >= '@' && byte <= '~'; }
bool is_inside(char byte) { return byte >= ' ' && byte <= '?'; }

}  // namespace

/// Takes the first key off `bytes`: its length; 0 when more bytes must decide.
std::size_t KeyDecoder::decode(std::string_view bytes, std::vector<Key>& keys) {
  const char first = bytes[0];
  if (first != escape_byte) {
    const auto lead = static_cast<unsigned char>(first);
    if (lead < 0x20 || lead == 0x7f) {
      keys.push_back(control_key(first));
      return 1;
    }
    if (const std::size_t length = mcp::utf8_sequence(bytes); length > 0) {
      keys.push_back({Key::Kind::character, std::string{bytes.substr(0, length)}});
      return length;
    }
    return bytes.size() < wanted_bytes(lead) ? 0 : 1;  // broken bytes are no key
  }
  if (bytes.size() == 1) return 0;
  if (bytes[1] != '[' && bytes[1] != 'O') {
    keys.push_back({Key::Kind::escape});
    return 1;
  }
  for (std::size_t i = 2; i < bytes.size(); ++i) {
    if (is_final(bytes[i])) {
      keys.push_back({kind_of_sequence(bytes.substr(2, i - 1))});
      return i + 1;
    }
    if (!is_inside(bytes[i]) || i + 1 >= longest) {
      keys.push_back({Key::Kind::other});
      return i;  // what breaks a sequence is a key of its own
    }
  }
  return 0;
}

std::vector<Key> KeyDecoder::feed(std::string_view bytes) {
  pending_ += bytes;
  std::vector<Key> keys;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const std::size_t taken = decode(rest, keys);
    if (taken == 0) break;
    rest.remove_prefix(taken);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return keys;
}

std::vector<Key> KeyDecoder::settle() {
  const std::string undecided = std::exchange(pending_, {});
  if (undecided.empty() || undecided[0] != escape_byte) return {};
  std::vector<Key> keys{{Key::Kind::escape}};
  if (undecided.size() > 1) {  // Alt and a bracket
    for (Key& key : feed(undecided.substr(1))) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace mcpctl::cli
