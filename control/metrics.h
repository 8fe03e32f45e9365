// The fleet's status in the Prometheus text format (exposition format 0.0.4).  Pure.
#pragma once
#include <string>
#include <string_view>

#include "control/own_usage.h"
#include "runtime/status.h"

namespace mcpctl::control {

/// The content type that belongs to metrics().
inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

/// `status` should have been taken with usage.
std::string metrics(const runtime::FleetStatus& status, const OwnUsage& own);

}  // namespace mcpctl::control
