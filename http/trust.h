// Where the certificates of trusted authorities lie: what SSL_CERT_FILE and
// SSL_CERT_DIR name, and nothing else, when one of them is set; otherwise the
// system's.  Looks, but reads no certificate.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace mcpctl::http {

/// At least one of the two is set.
struct Trust {
  /// PEM certificates, one after the other.
  std::string file{};
  /// Folders whose file names are hashes ("openssl rehash"), with colons between them.
  std::string directories{};
  /// When the file was last changed: a new bundle is another trust.
  std::int64_t changed_ns{0};

  /// "/etc/ssl/certs": for messages.
  std::string text() const;
  bool operator==(const Trust&) const = default;
};

/// The values of the variables; empty: not set.
struct TrustVariables {
  std::string file{};         ///< SSL_CERT_FILE
  std::string directories{};  ///< SSL_CERT_DIR
};

/// Fails when a variable names what is not there, and, saying what to do about it,
/// when a system has no certificates.  `root` stands before the system's paths (for
/// tests).  A folder is preferred to a bundle: only the authorities that are met are
/// read from it, where a bundle is some 50 ms and a megabyte.
Result<Trust> find_trust(const TrustVariables& variables, const std::string& root = "");

/// The same, of this process.
Result<Trust> find_trust();

}  // namespace mcpctl::http
