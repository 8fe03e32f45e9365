#include "control/version.h"

namespace mcpctl::control {

std::string_view version() { return MCPCTL_VERSION; }

std::string_view compiler() {
#ifdef __clang__
  return "clang++ " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace mcpctl::control
