#include "http/trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/hex.h"

namespace mcpctl::http {

namespace {

constexpr std::string_view system_directories[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};
constexpr std::string_view system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",              // SUSE
    "/etc/ssl/cert.pem",                   // Alpine without ca-certificates
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::int64_t change_time(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return 0;
  return std::int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
}

/// As in 5ed36f99.0.
bool is_hash(std::string_view name) {
  const auto is_digit = [](char c) { return hex_digits.find(c) != std::string_view::npos; };
  return name.size() >= 10 && name[8] == '.' && std::ranges::all_of(name.substr(0, 8), is_digit);
}

bool holds_hashes(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (is_hash(entry->path().filename().native())) return true;
  }
  return false;
}

std::unexpected<Error> unreadable(const std::string& variable, const std::string& path) {
  return failure("cannot read the trusted certificates of " + variable + "=" + path + ": " +
                 std::strerror(errno));
}

/// Any readable folder of the list will do, as it does for OpenSSL.
bool any_is_readable(std::string_view directories) {
  while (!directories.empty()) {
    const std::size_t colon = std::min(directories.find(':'), directories.size());
    const std::string path{directories.substr(0, colon)};
    if (!path.empty() && ::access(path.c_str(), R_OK | X_OK) == 0) return true;
    directories.remove_prefix(std::min(colon + 1, directories.size()));
  }
  return false;
}

}  // namespace

std::string Trust::text() const {
  return file + (file.empty() || directories.empty() ? "" : ":") + directories;
}

Result<Trust> find_trust(const TrustVariables& variables, const std::string& root) {
  Trust trust;
  if (!variables.file.empty() || !variables.directories.empty()) {
    if (!variables.file.empty() && ::access(variables.file.c_str(), R_OK) != 0) {
      return unreadable("SSL_CERT_FILE", variables.file);
    }
    if (!variables.directories.empty() && !any_is_readable(variables.directories)) {
      return unreadable("SSL_CERT_DIR", variables.directories);
    }
    trust.file = variables.file;
    trust.directories = variables.directories;
    if (!trust.file.empty()) trust.changed_ns = change_time(trust.file);
    return trust;
  }
  for (const std::string_view directory : system_directories) {
    trust.directories = root + std::string{directory};
    if (holds_hashes(trust.directories)) return trust;
  }
  trust.directories.clear();
  for (const std::string_view file : system_files) {
    trust.file = root + std::string{file};
    if (::access(trust.file.c_str(), R_OK) == 0) {
      trust.changed_ns = change_time(trust.file);
      return trust;
    }
  }
  return failure(
      "no trusted certificates are installed here: install ca-certificates, mount a bundle at " +
      std::string{system_files[0]} + ", or set SSL_CERT_FILE");
}

Result<Trust> find_trust() {
  return find_trust({.file = variable("SSL_CERT_FILE"), .directories = variable("SSL_CERT_DIR")});
}

}  // namespace mcpctl::http
