// What clients asked of the servers, in the Prometheus text format.  Pure.
#pragma once
#include <string>

#include "runtime/traffic.h"

namespace mcpctl::control {

/// Families of their own, to stand beside those of metrics(); empty without traffic.
std::string traffic_metrics(const runtime::Traffic& traffic);

}  // namespace mcpctl::control
