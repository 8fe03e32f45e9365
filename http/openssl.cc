#include "http/openssl.h"

#include <dlfcn.h>

#include <string>

namespace mcpctl::http::openssl {

// The names are OpenSSL's.  NOLINTBEGIN(readability-identifier-naming,bugprone-macro-parentheses)
#define MCPCTL_DEFINE(name) decltype(&::name) name = nullptr;
MCPCTL_OPENSSL_FUNCTIONS(MCPCTL_DEFINE)
#undef MCPCTL_DEFINE
// NOLINTEND(readability-identifier-naming,bugprone-macro-parentheses)

#if MCPCTL_STATIC  // a program without a loader has them linked

Result<void> load() {
#define MCPCTL_FIND(name) name = &::name;
  MCPCTL_OPENSSL_FUNCTIONS(MCPCTL_FIND)
#undef MCPCTL_FIND
  return {};
}

#else

namespace {

/// Of the major version whose declarations we have; it brings libcrypto with it.
std::string library() { return "libssl.so." + std::to_string(OPENSSL_SHLIB_VERSION); }

std::unexpected<Error> not_loaded() {
  const char* const why = ::dlerror();
  return failure("TLS needs the library " + library() +
                 " of OpenSSL, which cannot be loaded here (" +
                 (why != nullptr ? why : "unknown reason") +
                 "): install it, or take the static build of mcpctl");
}

template <class Function>
bool find(void* loaded, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(loaded, name));
  return function != nullptr;
}

}  // namespace

Result<void> load() {
  static void* loaded = nullptr;  // for good
  if (loaded != nullptr) return {};
  void* const opened = ::dlopen(library().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) return not_loaded();
#define MCPCTL_FIND(name) \
  if (!find(opened, #name, name)) return not_loaded();
  MCPCTL_OPENSSL_FUNCTIONS(MCPCTL_FIND)
#undef MCPCTL_FIND
  loaded = opened;
  return {};
}

#endif

}  // namespace mcpctl::http::openssl
