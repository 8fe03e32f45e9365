// What is known of lazy servers while they sleep, kept in a file for the next supervisor:
// read once, written soon after a change and at the end.  A file that cannot be read is
// told, and nothing is known then.  Knows no server: who owns one says what it is.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "config/config.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "relay/known_servers.h"

namespace mcpctl::gateway {

/// Of what makes it this server and no other: its command or address and what goes with
/// it.  A hash: it tells nothing of what the configuration keeps secret.
std::string identity_of(const config::Server& server);

class ListStore {
 public:
  /// An empty path: nothing outlives us.  `on_trouble`: a sentence for the log.
  ListStore(loop::Loop& loop, std::string path, std::function<void(std::string_view)> on_trouble);
  /// Writes what is not written yet, blocking; what is being written is left to itself.
  ~ListStore();
  ListStore(const ListStore&) = delete;
  ListStore& operator=(const ListStore&) = delete;

  /// nullptr: nothing is known of it under this configuration.
  const relay::KnownServer* find(std::string_view server, std::string_view identity) const;
  void put(const std::string& server, relay::KnownServer known);
  /// Forgets all others.
  void keep_only(const std::set<std::string>& servers);

 private:
  void change();
  void write();
  void told(const Result<void>& written);

  loop::Loop& loop_;
  std::string path_;
  std::function<void(std::string_view)> on_trouble_;
  relay::KnownServers known_;
  loop::Timer soon_;
  loop::Work writing_;
  bool is_dirty_{false};
};

}  // namespace mcpctl::gateway
