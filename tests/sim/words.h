// Events, actions and calls in words, for the trace of a failing seed.
#pragma once
#include <string>
#include <string_view>

#include "referee.h"
#include "supervisor/events.h"

namespace mcpctl::sim {

std::string words(const supervisor::Event& event);
std::string words(const supervisor::Action& action);
std::string_view words(Call::Kind kind);

}  // namespace mcpctl::sim
