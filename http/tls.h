// The client's side of TLS (1.2 and 1.3, RFC 8446) as a machine between two streams
// of bytes: what arrives from the peer goes in, what the peer said and what must be
// sent to it come out.  Never touches a socket, a clock or the loop; whoever holds it
// moves the bytes.  tls.cc is the only file that knows OpenSSL; a test holds it to that.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/trust.h"

namespace mcpctl::http {

/// What sessions share: the trusted certificates and our settings.  Reading a bundle
/// is dear (some 50 ms, a megabyte), so there is one for all clients of the process,
/// made with the first https call; sessions keep theirs when the trust changes.
class TlsContext;

/// For this process's own trust (find_trust), or another.
Result<std::shared_ptr<const TlsContext>> tls_context();
Result<std::shared_ptr<const TlsContext>> tls_context(const Trust& trust);

class TlsSession {
 public:
  /// `host` is whom the certificate must be for: a name, or an IP literal without
  /// brackets.
  TlsSession(std::shared_ptr<const TlsContext> context, std::string_view host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Says hello: the first output.
  Result<void> begin();
  /// The handshake is done, and the certificate is good.
  bool is_open() const noexcept;
  /// The peer said that it sends no more (close_notify).  A stream that ends without
  /// this was cut, perhaps by somebody else.
  bool is_closed() const noexcept;

  /// Takes bytes of the peer, in pieces of any size, and appends what they say to
  /// `said`.  An error is final: "the certificate is for a.example, not b.example".
  Result<void> receive(std::string_view bytes, std::string& said);
  /// Only when open.
  Result<void> send(std::string_view bytes);
  /// Says goodbye, if there is somebody to say it to.
  void close();
  /// What must go to the peer now: ask after each of the above, errors included.
  std::string take_output();

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::http
