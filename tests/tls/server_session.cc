#include "server_session.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <cstring>

namespace mcpctl::testing {

namespace {

int choose_http(SSL*, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char known[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int outcome =
      SSL_select_next_proto(&found, size, known, sizeof known - 1, offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

ServerSession::ServerSession(const Credentials& credentials, int newest)
    : context_(SSL_CTX_new(TLS_server_method())) {
  REQUIRE(SSL_CTX_use_certificate(context_, credentials.certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context_, credentials.key.get()) == 1);
  SSL_CTX_set_max_proto_version(context_, newest);
  if (newest < TLS1_2_VERSION) SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_alpn_select_cb(context_, &choose_http, nullptr);
  session_ = SSL_new(context_);
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(session_, in_, out_);
  SSL_set_accept_state(session_);
}

ServerSession::~ServerSession() {
  SSL_free(session_);
  SSL_CTX_free(context_);
}

std::string ServerSession::receive(std::string_view bytes) {
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  std::string said;
  char plain[16384];
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(session_, plain, sizeof plain);
    if (got <= 0) {
      const int reason = ERR_GET_REASON(ERR_peek_error());
      if (SSL_get_error(session_, got) == SSL_ERROR_SSL && reason > SSL_AD_REASON_OFFSET) {
        alert_ = SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
      }
      return said;
    }
    said.append(plain, static_cast<std::size_t>(got));
  }
}

void ServerSession::send(std::string_view bytes) {
  if (bytes.empty()) return;
  const int put = SSL_write(session_, bytes.data(), static_cast<int>(bytes.size()));
  REQUIRE(put == static_cast<int>(bytes.size()));
}

void ServerSession::close() {
  ERR_clear_error();
  SSL_shutdown(session_);
}

void ServerSession::renegotiate() {
  if (SSL_version(session_) >= TLS1_3_VERSION) {
    SSL_key_update(session_, SSL_KEY_UPDATE_REQUESTED);
  } else {
    SSL_renegotiate(session_);
  }
  SSL_do_handshake(session_);
}

std::string ServerSession::take_output() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::string ServerSession::server_name() const {
  const char* name = SSL_get_servername(session_, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string ServerSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace mcpctl::testing
