#include "http/trust.h"
#include "tests/unit/temporary_directory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace mcpctl;
using namespace mcpctl::http;

namespace {

/// The root of a system, empty at first.
struct Root {
  std::string has(const std::string& file) const {
    std::filesystem::create_directories(std::filesystem::path{path + file}.parent_path());
    std::ofstream{path + file} << "x";
    return path + file;
  }

  const testing::TemporaryDirectory folder;
  const std::string& path = folder.path();
};

}  // namespace

TEST_CASE("a system's hashed folder is preferred to its bundle, any bundle to none") {
  const Root root;

  const std::string bundle = root.has("/etc/ssl/cert.pem");
  CHECK(find_trust({}, root.path).value().file == bundle);
  root.has("/etc/ssl/certs/no-hash.0");
  const std::string better = root.has("/etc/ssl/certs/ca-certificates.crt");
  CHECK(find_trust({}, root.path).value().file == better);
  root.has("/etc/ssl/certs/5ed36f99.0");

  const Trust trust = find_trust({}, root.path).value();
  CHECK(trust.file == "");
  CHECK(trust.text() == root.path + "/etc/ssl/certs");
}

TEST_CASE("a system without certificates says what to do") {
  const Root root;

  const auto found = find_trust({}, root.path);

  REQUIRE_FALSE(found);
  CHECK(found.error().message ==
        "no trusted certificates are installed here: install ca-certificates, mount a bundle at "
        "/etc/ssl/certs/ca-certificates.crt, or set SSL_CERT_FILE");
}

TEST_CASE("what the variables name is all that is trusted") {
  const Root root;
  root.has("/etc/ssl/certs/5ed36f99.0");
  const std::string own = root.has("/own.pem");

  const Trust file = find_trust({.file = own}, root.path).value();
  const Trust folder = find_trust({.directories = "/absent:" + root.path}, root.path).value();

  CHECK(file.text() == own);
  CHECK(file.changed_ns > 0);
  CHECK(folder.text() == "/absent:" + root.path);
}

TEST_CASE("a variable that names what is not there is an error") {
  const Root root;

  const auto file = find_trust({.file = "/absent/ca.pem"}, root.path);
  const auto folder = find_trust({.directories = "/absent:/gone"}, root.path);

  REQUIRE_FALSE(file);
  CHECK(file.error().message ==
        "cannot read the trusted certificates of SSL_CERT_FILE=/absent/ca.pem: No such file or "
        "directory");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message.starts_with(
      "cannot read the trusted certificates of SSL_CERT_DIR=/absent:/gone: "));
}
