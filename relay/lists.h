// All servers offered as one: the lists of their tools, prompts and resources merged
// into one page each, and the way back from a name or URI to the server that has it.
// Tools and prompts are renamed (names.h), resources keep their URIs.  Asks nobody:
// the shell fetches each server's pages, at its pace, and one that is broken or slow
// only lacks, by name, in the result's _meta.
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/version.h"
#include "relay/method.h"
#include "relay/profile.h"
#include "relay/request.h"
#include "relay/tool_filter.h"

namespace mcpctl::relay {

enum class Listing : unsigned char {
  tools,
  prompts,
  resources,
  resource_templates,
  tasks,  ///< one client's, and never in a Catalog
};
/// What a server lists for everybody.
inline constexpr std::array listings{Listing::tools, Listing::prompts, Listing::resources,
                                     Listing::resource_templates};

std::string_view method_name(Listing listing);           ///< "tools/list"
std::optional<Listing> listing_of(Method method);        ///< of `listings`
bool is_offered(Listing listing, const ServerProfile&);  ///< by its capabilities

/// One page of a server's list, from a raw result.
struct Page {
  std::vector<std::string> items;     ///< raw objects
  std::optional<std::string> cursor;  ///< raw; of the next page
};
Page read_page(Listing listing, std::string_view raw_result);

/// The result of a list method with all of these items on one page, a raw object, for a
/// client of `era`.  `raw_meta`: members of its _meta, or empty.
std::string list_result(Listing listing, const std::vector<std::string>& items, mcp::Era era,
                        std::string_view raw_meta);

/// The servers that lack in a list of all, and why: members of its _meta.
class Missing {
 public:
  void add(std::string_view server, std::string_view why);
  std::string meta() const;  ///< empty: none lacks

 private:
  std::string members_;
};

/// One server as the others' neighbour.  Without a profile it is missing, and `why`
/// says so.
struct Offer {
  std::string server;  ///< as the configuration names it
  std::optional<ServerProfile> profile{};
  std::string why{};
};

/// What all together say of themselves: every capability that any has.  `info`: our
/// own serverInfo, a raw object.
ServerProfile joint_profile(const std::vector<Offer>& offers, std::string_view info);

class Catalog {
 public:
  /// `servers`: in the order in which they are listed, each with the tools it may show.
  struct Member {
    std::string server;
    ToolFilter tools{};
  };
  explicit Catalog(std::vector<Member> servers);

  /// The whole list of one server, pages joined.  Of a name or URI that comes twice
  /// from one server, or from a later one, only the first is offered.
  void set(std::string_view server, Listing listing, std::vector<std::string> items);
  /// Forget its list; `why` is told to whoever asks.  Empty: it has none, and needs none.
  void set_missing(std::string_view server, Listing listing, std::string why);

  /// Whether set() or set_missing() was called since the start, or since forget().
  bool is_known(std::string_view server, Listing listing) const;
  void forget(std::string_view server, Listing listing);

  /// The result of a list method, a raw object.
  std::string result(Listing listing, mcp::Era era) const;

  /// Where a request belongs, in that server's own words.
  struct Route {
    std::string server;
    Request request;
  };
  /// Nothing: no server has what it names.  Not for list methods.
  std::optional<Route> route(const Request& request) const;

 private:
  struct List {
    bool is_known{false};
    std::string why;
    std::vector<std::string> items;  ///< as offered
  };
  struct Server {
    std::string name;
    std::string prefix;
    ToolFilter tools;
    std::array<List, listings.size()> lists{};
    std::array<std::map<std::string, std::string, std::less<>>, 2> names{};  ///< joined to own
  };

  Server* find(std::string_view server);
  const Server* find(std::string_view server) const;
  const Server* owner_of_uri(std::string_view uri) const;
  std::optional<Route> route_by_name(const Request& request, mcp::Span name, bool is_tool) const;

  std::vector<Server> servers_;
};

}  // namespace mcpctl::relay
