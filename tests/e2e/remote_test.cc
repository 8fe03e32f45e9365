// Remote servers, which are probed and not spawned, through TLS.
#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "authority.h"
#include "fleet.h"
#include "front.h"
#include "loop/address.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "web.h"

using namespace mcpctl::e2e;
using mcpctl::testing::Authority;
using mcpctl::testing::Credentials;
using mcpctl::testing::TlsFront;

namespace {

/// A TLS front before a plain server, on a thread of its own.
class SecureFront {
 public:
  SecureFront(const Credentials& credentials, int port_behind)
      : thread_([this, &credentials, port_behind] { serve(credentials, port_behind); }) {
    port_ = started_.get_future().get();
  }
  ~SecureFront() {
    over_ = true;
    thread_.join();
  }
  SecureFront(const SecureFront&) = delete;
  SecureFront& operator=(const SecureFront&) = delete;

  std::string url() const { return "https://localhost:" + std::to_string(port_) + "/mcp"; }

 private:
  void serve(const Credentials& credentials, int port_behind) {
    mcpctl::loop::Loop loop;
    const auto behind =
        mcpctl::loop::Address::ip("127.0.0.1", static_cast<std::uint16_t>(port_behind));
    TlsFront front{loop, credentials, *behind};
    mcpctl::loop::Timer tick{loop};
    started_.set_value(front.address().port());
    while (!over_) {
      tick.arm(mcpctl::Duration{20}, [] {});
      loop.run_once();
    }
  }

  std::promise<std::uint16_t> started_;
  std::atomic<bool> over_{false};
  std::uint16_t port_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "a remote server behind https becomes ready, and a wrong certificate says why it is not") {
  const Authority authority;
  const Credentials good = authority.issue({.hosts = "DNS:localhost"});
  const Credentials foreign = authority.issue({.hosts = "DNS:other.example"});
  const int port = free_port();
  const SecureFront right{good, port};
  const SecureFront wrong{foreign, port};
  const Json weather{{"command", MCPCTL_BINARY_DIR "/examples/weather"},
                     {"url", "http://127.0.0.1:${PORT}/mcp"},
                     {"x-mcpctl", {{"port", port}}}};
  const Json after_weather{{"dependsOn", {{"weather", "ready"}}}};
  Fleet fleet{Json{{"weather", weather},
                   {"remote", {{"url", right.url()}, {"x-mcpctl", after_weather}}},
                   {"misnamed", {{"url", wrong.url()}, {"x-mcpctl", after_weather}}}},
              quick()};
  authority.write_bundle(fleet.file("ca.pem"));
  fleet.set_variable("SSL_CERT_FILE", fleet.file("ca.pem"));

  fleet.start();
  fleet.await("remote", "ready");
  fleet.await_why("misnamed", "the certificate is for");

  const Json remote = fleet.server("remote");
  CHECK(remote["server_info"]["name"] == "weather");
  fleet.await_that("remote", [](const Json& server) { return server["tools"].size() == 2; });
  CHECK(remote["pid"].is_null());
  CHECK(fleet.state("misnamed") == "starting");
  CHECK(fleet.control({"ps"}).out.find("the certificate is for other.example, not localhost") !=
        std::string::npos);
  CHECK(fleet.stop().exit_code == 0);
}

TEST_CASE("without the library for TLS a remote server says what is missing, and the others run") {
  const Json math{{"command", MCPCTL_BINARY_DIR "/examples/math"}};
  Fleet fleet{Json{{"math", math}, {"remote", {{"url", "https://localhost:1/mcp"}}}}, quick()};
  std::ofstream{fleet.file("libssl.so.3")} << "no library";
  fleet.set_variable("LD_LIBRARY_PATH", fleet.folder());

  fleet.start();
  fleet.await("math", "ready");
  fleet.await_why("remote", "TLS needs the library libssl.so.3");
}
