// What one server lists, conversation after conversation: whether a new incarnation
// offers other tools, prompts or resources than clients have seen, which no server can
// know of itself.  Asks the server for its lists, one request at a time, beside the
// clients' requests (link.h), and keeps fingerprints of them, or all of it for who
// wants that.
//
// Pure: takes messages, gives messages.  When to ask is its owner's to say.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/envelope.h"
#include "relay/lists.h"
#include "relay/output.h"
#include "relay/profile.h"

namespace mcpctl::relay {

class ListWatch {
 public:
  /// A conversation begins; the one before is over.  `take_id`: ids of requests to this
  /// server, never one twice.
  void opened(ServerProfile server, std::function<std::uint64_t()> take_id);
  /// It is over: nothing that was asked is answered any more.
  void closed();

  /// Somebody wants to hear of changes: asks for what is not known, and for what has
  /// changed.  Nothing outside of a conversation.
  void ask();
  /// The server itself said so, and clients were told.  To be followed by ask(), in a while:
  /// some servers say it whenever they are asked.
  void changed(Heard::What what);
  /// It may have said so, and nobody heard it: likewise.
  void missed();
  /// No answer comes to this request: it is to be asked again, likewise.  False: none of ours.
  bool lost(std::uint64_t id);
  /// Its answer is awaited.
  bool is_asking(Listing listing) const {
    return question_.id != 0 && question_.listing == listing;
  }
  /// True: it was an answer to us.
  bool take(std::string_view text, const mcp::Envelope& envelope);

  using Items = std::vector<std::string>;  ///< raw objects
  /// Whether the lists themselves are kept, from the next answer on.
  void keep(bool wanted) { keeps_ = wanted; }
  /// As it is now, or was when the last conversation ended.  nullptr: not known, or not kept.
  const Items* items(Listing listing) const;
  /// From an earlier life, before the first conversation.
  void recall(Listing listing, Items items);
  /// Counts the lists that were learnt, or forgotten, since the start.
  std::uint64_t changes() const { return changes_; }

  /// What is to be sent, and what clients have not seen yet; in order.
  std::vector<Output> take_outputs();
  bool has_outputs() const { return !outputs_.empty(); }

 private:
  enum class Known : unsigned char { no, yes, not_any_more };
  struct List {
    Known known{Known::no};  ///< in this conversation
    /// Changed since clients may have seen it; how, the server did not live to tell.
    bool is_doubtful{false};
    std::optional<std::uint64_t> seen{};  ///< its fingerprint
    std::optional<Items> items{};
  };
  struct Question {
    std::uint64_t id{0};  ///< 0: nothing is asked
    Listing listing{Listing::tools};
    std::uint64_t fingerprint{0};
    std::size_t bytes{0};
    unsigned pages{0};
    Items items{};
  };

  void forget(List& list);
  List& at(Listing listing) { return lists_[static_cast<std::size_t>(listing)]; }
  void ask_next();
  void ask_page(std::string_view raw_cursor);
  void learn(Listing listing, std::uint64_t fingerprint, Items items);

  bool keeps_{false};
  std::uint64_t changes_{0};
  bool is_open_{false};
  bool was_asked_{false};  ///< in this conversation
  ServerProfile server_;
  std::function<std::uint64_t()> take_id_;
  std::array<List, listings.size()> lists_;
  Question question_;
  std::vector<Output> outputs_;
};

}  // namespace mcpctl::relay
