// What no single value shows: settings of one server that contradict each other,
// and servers that cannot live together.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "config/keys.h"

namespace mcpctl::config {

/// Also settles what follows from the other settings, such as a timeoutMax that
/// must not be shorter than the timeout.
void check_server(Draft& draft, const Draft& defaults, Report& report);

/// Dependencies that nobody can fulfil, cycles, ports claimed twice.
void check_fleet(const std::vector<Draft>& drafts, const std::set<std::string>& disabled,
                 const std::string& gateway_listen, Report& report);

}  // namespace mcpctl::config
