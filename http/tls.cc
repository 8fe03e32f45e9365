#include "http/tls.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/hex.h"
#include "http/openssl.h"

namespace mcpctl::http {

using namespace openssl;  // what is loaded hides what the headers declare

class TlsContext {
 public:
  TlsContext(SSL_CTX* settings, Trust trusted) : raw(settings), trust(std::move(trusted)) {}
  ~TlsContext() { SSL_CTX_free(raw); }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* const raw;
  const Trust trust;
};

namespace {

/// Both directions pass OpenSSL's buffers in such pieces, so that a connection at rest
/// holds no more than that.
constexpr std::size_t piece_size = 4096;

// ---- certificates in words -----------------------------------------------------

/// Text of a certificate, which anybody may have written.
std::string printable(std::string_view text) {
  constexpr std::size_t most = 100;
  std::string safe{text.substr(0, most)};
  std::ranges::replace_if(safe, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text.size() > most ? safe + "…" : safe;
}

std::string text_of(const ASN1_STRING* string) {
  return printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                    static_cast<std::size_t>(ASN1_STRING_length(string))});
}

/// A subject's or an issuer's common name, or its organisation.
std::string text_of(const X509_NAME* name) {
  for (const int field : {NID_commonName, NID_organizationName}) {
    const int at = X509_NAME_get_index_by_NID(name, field, -1);
    if (at >= 0) return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  }
  return "an unnamed authority";
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  char text[16];
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const auto* octets = ASN1_STRING_get0_data(bytes);
  std::string text;
  if (ASN1_STRING_length(bytes) == 4) {
    for (int i = 0; i < 4; ++i) text += (i > 0 ? "." : "") + std::to_string(octets[i]);
    return text;
  }
  for (int i = 0; i < ASN1_STRING_length(bytes); ++i) {
    if (i > 0 && i % 2 == 0) text += ':';
    text += hex({octets + i, 1});
  }
  return text;
}

/// Whom it is for: "a.example, b.example and 7 more".
std::string hosts_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(GENERAL_NAMES_free)> names{
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free};
  std::vector<std::string> hosts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) hosts.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) hosts.push_back(address_of(name->d.iPAddress));
  }
  if (hosts.empty()) return "no host at all";
  constexpr std::size_t most = 3;
  std::string text = hosts[0];
  for (std::size_t i = 1; i < std::min(hosts.size(), most); ++i) text += ", " + hosts[i];
  if (hosts.size() > most) text += " and " + std::to_string(hosts.size() - most) + " more";
  return text;
}

/// `certificate` stands `depth` steps above the server's own.
std::string distrust_of(int error, const X509* certificate, int depth, const std::string& host,
                        const std::string& trusted) {
  const std::string which =
      depth == 0 ? "the certificate"
                 : "the certificate of its issuer " + text_of(X509_get_subject_name(certificate));
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return which + " is for " + hosts_of(certificate) + ", not " + host;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return which + " expired on " + date_of(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return which + " is valid only from " + date_of(X509_get0_notBefore(certificate)) +
             " (is the clock here right?)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return which + " is self-signed: trust it by a file that holds it, with SSL_CERT_FILE";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the certificate's authority, " + text_of(X509_get_subject_name(certificate)) +
             ", is not trusted here (" + trusted + "); SSL_CERT_FILE can name a file that has it";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return which + " was issued by " + text_of(X509_get_issuer_name(certificate)) +
             ", which is not trusted here (" + trusted +
             "); SSL_CERT_FILE can name a file that has it";
    default: return which + " is not valid: " + X509_verify_cert_error_string(error);
  }
}

// ---- errors in words -------------------------------------------------------------

std::string why_broken(unsigned long code, bool was_open) {
  const int reason = ERR_GET_REASON(code);
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "the server speaks no TLS of 1.2 or newer";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the server wants a certificate of ours, and we have none";
    case SSL_R_WRONG_VERSION_NUMBER: return "the server does not speak TLS";
    default: break;
  }
  if (reason > SSL_AD_REASON_OFFSET) {
    return std::string{was_open ? "the server ended the TLS connection: "
                                : "the server refused the TLS handshake: "} +
           SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
  }
  const char* text = ERR_reason_error_string(code);
  return std::string{was_open ? "the TLS connection is broken: " : "the TLS handshake failed: "} +
         (text != nullptr ? text : "unknown reason");
}

}  // namespace

// ---- a session ---------------------------------------------------------------------

struct TlsSession::Inner {
  Inner(std::shared_ptr<const TlsContext> shared, std::string_view name)
      : context(std::move(shared)),
        host(name),
        ssl(SSL_new(context->raw)),
        in(BIO_new(BIO_s_mem())),
        out(BIO_new(BIO_s_mem())) {
    MCPCTL_ASSERT(ssl != nullptr && in != nullptr && out != nullptr);
    if (host.ends_with('.')) host.pop_back();
    SSL_set_bio(ssl, in, out);
    SSL_set_app_data(ssl, this);
    SSL_set_connect_state(ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, &on_verified);
  }
  ~Inner() { SSL_free(ssl); }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;

  std::shared_ptr<const TlsContext> context;
  std::string host;
  SSL* ssl;
  BIO* in;  // both belong to ssl
  BIO* out;
  std::string output;
  std::string distrust;  // what is wrong with the certificate
  bool heard{false};
  bool open{false};
  bool closed{false};
  bool is_broken{false};

  /// OpenSSL's callback for each step of a verification: remembers what was wrong, and
  /// never lets it pass.
  static int on_verified(int good, X509_STORE_CTX* store) {
    if (good == 1) return 1;
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<Inner*>(SSL_get_app_data(ssl));
    const int error = X509_STORE_CTX_get_error(store);
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    self.distrust =
        certificate == nullptr
            ? std::string{"the certificate is not valid: "} + X509_verify_cert_error_string(error)
            : distrust_of(error, certificate, X509_STORE_CTX_get_error_depth(store), self.host,
                          self.context->trust.text());
    return 0;
  }

  bool name_host() {
    if (host.starts_with('.')) return false;  // OpenSSL would take any subdomain
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    // Literals are no server names (RFC 6066 §3).
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
    return SSL_set1_host(ssl, host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  }

  /// Goes as far as the bytes that are there allow.
  Result<void> advance(std::string& said) {
    if (!open) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl);
      if (done != 1) return outcome_of(done);
      open = true;
    }
    char plain[piece_size];
    for (;;) {
      ERR_clear_error();
      const int got = SSL_read(ssl, plain, sizeof plain);
      if (got <= 0) return outcome_of(got);
      said.append(plain, static_cast<std::size_t>(got));
    }
  }

  Result<void> outcome_of(int returned) {
    const int outcome = SSL_get_error(ssl, returned);
    if (outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_ZERO_RETURN) return broken();
    closed = outcome == SSL_ERROR_ZERO_RETURN;
    collect();
    return {};
  }

  std::unexpected<Error> broken() {
    is_broken = true;
    const unsigned long code = ERR_peek_error();
    collect();  // an alert tells the peer
    return failure(distrust.empty() ? why_broken(code, open) : distrust);
  }

  void collect() {
    char bytes[piece_size];
    int got = 0;
    while ((got = BIO_read(out, bytes, sizeof bytes)) > 0) {
      output.append(bytes, static_cast<std::size_t>(got));
    }
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, std::string_view host)
    : inner_(std::make_unique<Inner>(std::move(context), host)) {}

TlsSession::~TlsSession() = default;

Result<void> TlsSession::begin() {
  if (!inner_->name_host()) return failure("the host's name cannot be that of a certificate");
  std::string nothing;
  return inner_->advance(nothing);
}

bool TlsSession::is_open() const noexcept { return inner_->open; }
bool TlsSession::is_closed() const noexcept { return inner_->closed; }
std::string TlsSession::take_output() { return std::exchange(inner_->output, {}); }

Result<void> TlsSession::receive(std::string_view bytes, std::string& said) {
  Inner& inner = *inner_;
  if (inner.is_broken) return failure("the TLS connection is broken");
  if (bytes.empty()) return {};
  // A handshake message or an alert; all else was never meant as TLS.
  if (!std::exchange(inner.heard, true) && bytes[0] != 0x16 && bytes[0] != 0x15) {
    inner.is_broken = true;
    return failure("the server does not speak TLS on this port; is it http://?");
  }
  while (!bytes.empty() && !inner.closed) {
    const std::string_view piece = bytes.substr(0, piece_size);
    const int taken = BIO_write(inner.in, piece.data(), static_cast<int>(piece.size()));
    MCPCTL_ASSERT(taken == static_cast<int>(piece.size()));
    bytes.remove_prefix(piece.size());
    if (auto advanced = inner.advance(said); !advanced) return advanced;
  }
  return {};
}

Result<void> TlsSession::send(std::string_view bytes) {
  Inner& inner = *inner_;
  MCPCTL_ASSERT(inner.open);
  while (!bytes.empty()) {
    if (inner.is_broken) return failure("the TLS connection is broken");
    const std::string_view piece = bytes.substr(0, piece_size);
    ERR_clear_error();
    const int put = SSL_write(inner.ssl, piece.data(), static_cast<int>(piece.size()));
    if (put <= 0) return inner.broken();
    bytes.remove_prefix(static_cast<std::size_t>(put));
    inner.collect();
  }
  return {};
}

void TlsSession::close() {
  if (!inner_->open || inner_->is_broken) return;
  ERR_clear_error();
  SSL_shutdown(inner_->ssl);
  inner_->collect();
}

// ---- the context -------------------------------------------------------------------

Result<std::shared_ptr<const TlsContext>> tls_context() {
  const auto trust = find_trust();
  if (!trust) return std::unexpected{trust.error()};
  return tls_context(*trust);
}

Result<std::shared_ptr<const TlsContext>> tls_context(const Trust& trust) {
  if (auto loaded = openssl::load(); !loaded) return std::unexpected{loaded.error()};
  // No openssl.cnf: what we accept must not depend on a file that nobody named.  No
  // cleanup at exit, which would come before our own.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  static std::shared_ptr<const TlsContext> latest;
  if (latest && latest->trust == trust) return latest;
  SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
  if (raw == nullptr) return failure("cannot set up TLS: out of memory");
  auto made = std::make_shared<const TlsContext>(raw, trust);

  const bool has_file =
      trust.file.empty() || SSL_CTX_load_verify_file(raw, trust.file.c_str()) == 1;
  const bool has_directories =
      trust.directories.empty() || SSL_CTX_load_verify_dir(raw, trust.directories.c_str()) == 1;
  if (!has_file || !has_directories) {
    return failure("cannot read trusted certificates from " + trust.text() + ": it is not PEM");
  }
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // an idle connection is small
  constexpr unsigned char protocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(raw, protocols, sizeof protocols - 1);
  latest = made;
  return made;
}

}  // namespace mcpctl::http
