// Names of client sessions.  They are no credentials (a session belongs to the token
// that opened it), but whoever could guess one could disturb it: 128 random bits of
// the kernel's.
#pragma once
#include <string>
#include <string_view>

namespace mcpctl::gateway {

/// 128 bits that nobody can guess: 32 hexadecimal digits from getrandom(2).
std::string unguessable();

/// Whether `text` could be one of ours.
bool is_session_id(std::string_view text);

}  // namespace mcpctl::gateway
