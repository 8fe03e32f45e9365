// The functions of OpenSSL that http/tls.cc calls, found when the first https:// server
// needs them.  Most fleets have none, and each start would pay for the library's tables:
// 90 pages to relocate, half a millisecond.  It is the system's library, so that its
// security updates reach us; the static program has its own.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/result.h"

namespace mcpctl::http::openssl {

// clang-format off
#define MCPCTL_OPENSSL_FUNCTIONS(X) \
  X(ASN1_STRING_get0_data) X(ASN1_STRING_length) X(ASN1_TIME_to_tm) X(BIO_new) \
  X(BIO_read) X(BIO_s_mem) X(BIO_write) X(ERR_clear_error) X(ERR_peek_error) \
  X(ERR_reason_error_string) X(GENERAL_NAMES_free) X(OPENSSL_init_ssl) X(OPENSSL_sk_num) \
  X(OPENSSL_sk_value) X(SSL_CTX_ctrl) X(SSL_CTX_free) X(SSL_CTX_load_verify_dir) \
  X(SSL_CTX_load_verify_file) X(SSL_CTX_new) X(SSL_CTX_set_alpn_protos) \
  X(SSL_CTX_set_options) X(SSL_alert_desc_string_long) X(SSL_ctrl) X(SSL_do_handshake) \
  X(SSL_free) X(SSL_get0_param) X(SSL_get_error) X(SSL_get_ex_data) \
  X(SSL_get_ex_data_X509_STORE_CTX_idx) X(SSL_new) X(SSL_read) X(SSL_set1_host) \
  X(SSL_set_bio) X(SSL_set_connect_state) X(SSL_set_ex_data) X(SSL_set_verify) \
  X(SSL_shutdown) X(SSL_write) X(TLS_client_method) X(X509_NAME_ENTRY_get_data) \
  X(X509_NAME_get_entry) X(X509_NAME_get_index_by_NID) \
  X(X509_STORE_CTX_get_current_cert) X(X509_STORE_CTX_get_error) \
  X(X509_STORE_CTX_get_error_depth) X(X509_STORE_CTX_get_ex_data) \
  X(X509_VERIFY_PARAM_set1_ip_asc) X(X509_VERIFY_PARAM_set_hostflags) \
  X(X509_get0_notAfter) X(X509_get0_notBefore) X(X509_get_ext_d2i) \
  X(X509_get_issuer_name) X(X509_get_subject_name) X(X509_verify_cert_error_string)
// clang-format on

/// Each under its own name, and null before load().
// The names are OpenSSL's.  NOLINTBEGIN(readability-identifier-naming,bugprone-macro-parentheses)
#define MCPCTL_DECLARE(name) extern decltype(&::name) name;
MCPCTL_OPENSSL_FUNCTIONS(MCPCTL_DECLARE)
#undef MCPCTL_DECLARE
// NOLINTEND(readability-identifier-naming,bugprone-macro-parentheses)

/// Finds them all, once; the loop's thread.  An error names the library that cannot be
/// loaded (dlopen(3)) and what helps.
Result<void> load();

}  // namespace mcpctl::http::openssl
