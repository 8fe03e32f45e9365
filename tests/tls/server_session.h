// The server's side of TLS for tests, as a machine between two streams of bytes.
#pragma once
#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "authority.h"

namespace mcpctl::testing {

class ServerSession {
 public:
  /// `newest` of TLS1_2_VERSION, say, bounds what it speaks.
  explicit ServerSession(const Credentials& credentials, int newest = TLS1_3_VERSION);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  /// Takes ciphertext, returns what it says.
  std::string receive(std::string_view bytes);
  /// Only when open.
  void send(std::string_view bytes);
  /// close_notify.
  void close();
  /// Asks for a new handshake (TLS 1.2) or new keys (TLS 1.3).
  void renegotiate();
  std::string take_output();

  bool is_open() const { return SSL_is_init_finished(session_) == 1; }
  /// What the client asked for by SNI, and got by ALPN.
  std::string server_name() const;
  std::string protocol() const;
  /// The alert that it was sent: "unknown CA".
  const std::string& alert() const { return alert_; }

 private:
  SSL_CTX* context_;
  SSL* session_;
  BIO* in_;
  BIO* out_;
  std::string alert_;
};

}  // namespace mcpctl::testing
