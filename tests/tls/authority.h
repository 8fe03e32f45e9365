// Certificates for tests: an authority that signs what it is told to, the wrong things
// too.  Keys are P-256, made anew in every run.
#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace mcpctl::testing {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

/// A server's certificate and the key to it.
struct Credentials {
  Key key;
  Certificate certificate;
};

/// What stands in a certificate.
struct Subject {
  std::string name{"test server"};
  /// As OpenSSL writes it: "DNS:a.example,IP:127.0.0.1"; empty: none.
  std::string hosts{};
  int valid_from_days{-1};
  int valid_to_days{30};
};

class Authority {
 public:
  explicit Authority(const std::string& name = "Test Authority");

  Credentials issue(const Subject& subject) const;
  static Credentials self_signed(const Subject& subject);

  /// Its own certificate, or any other, as a bundle of one.
  void write_bundle(const std::string& path) const;
  static void write_bundle(const std::string& path, const X509* certificate);

 private:
  Credentials own_;
};

}  // namespace mcpctl::testing
