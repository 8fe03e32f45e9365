#include "authority.h"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

namespace mcpctl::testing {

namespace {

constexpr long seconds_a_day = 24 * 3600;

Key new_key() { return Key{EVP_EC_gen("P-256")}; }

void extend(X509* certificate, X509* issuer, int extension, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
  REQUIRE(made != nullptr);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

Certificate unsigned_certificate(const Subject& subject, EVP_PKEY* key) {
  static long serial = 0;
  Certificate made{X509_new()};
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), subject.valid_from_days * seconds_a_day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), subject.valid_to_days * seconds_a_day);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1,
                             0);
  return made;
}

Credentials issued(const Subject& subject, const Credentials* issuer, bool is_authority) {
  Credentials made{new_key(), nullptr};
  made.certificate = unsigned_certificate(subject, made.key.get());
  X509* certificate = made.certificate.get();
  X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  extend(certificate, signer, NID_basic_constraints,
         is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!subject.hosts.empty()) extend(certificate, signer, NID_subject_alt_name, subject.hosts);
  const Key& key = issuer != nullptr ? issuer->key : made.key;
  REQUIRE(X509_sign(certificate, key.get(), EVP_sha256()) > 0);
  return made;
}

}  // namespace

Authority::Authority(const std::string& name) : own_(issued({.name = name}, nullptr, true)) {}

Credentials Authority::issue(const Subject& subject) const { return issued(subject, &own_, false); }

Credentials Authority::self_signed(const Subject& subject) {
  return issued(subject, nullptr, false);
}

void Authority::write_bundle(const std::string& path) const {
  write_bundle(path, own_.certificate.get());
}

void Authority::write_bundle(const std::string& path, const X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  REQUIRE(file != nullptr);
  CHECK(PEM_write_X509(file, certificate) == 1);
  std::fclose(file);
}

}  // namespace mcpctl::testing
