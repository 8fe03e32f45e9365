// Names of client sessions.  They are no credentials (a session belongs to the token
// that opened it), but whoever could guess one could disturb it: 128 random bits of
// the kernel's.
#pragma once
#include <string>

namespace mcpctl::gateway {

/// 128 bits that nobody can guess: 32 hexadecimal digits from getrandom(2).
std::string unguessable();

}  // namespace mcpctl::gateway
