#include "signals/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "tests/unit/spawn/processes.h"

using namespace test;
using signals::ServiceNotifier;

namespace {

/// A service manager's end.
class Listener {
 public:
  explicit Listener(const std::string& address) {
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address.data(), address.size());
    if (address[0] == '@') where.sun_path[0] = '\0';
    const auto length = offsetof(sockaddr_un, sun_path) + address.size() + (address[0] == '/');
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&where),
                   static_cast<socklen_t>(length)) == 0);
  }
  std::string hear() const {
    char text[256];
    const ssize_t length = ::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
    return length < 0 ? std::string{} : std::string(text, static_cast<std::size_t>(length));
  }

 private:
  loop::Fd socket_;
};

/// Sets environment variables for a scope.
struct Environment {
  explicit Environment(std::vector<std::pair<std::string, std::string>> wanted)
      : variables(std::move(wanted)) {
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables) ::unsetenv(name.c_str());
  }
  std::vector<std::pair<std::string, std::string>> variables;
};

}  // namespace

TEST_CASE("the service manager hears of every state, by path and by abstract name") {
  const Folder folder;
  for (const std::string& address :
       {folder.path("notify"), "@mcpctl-test-" + std::to_string(::getpid())}) {
    CAPTURE(address);
    const Listener listener{address};
    const auto notifier = ServiceNotifier::to(address);
    REQUIRE(notifier);

    CHECK(notifier->ready());
    CHECK(listener.hear() == "READY=1");
    CHECK(notifier->status("3 of 4 ready\nREADY=0"));
    CHECK(listener.hear() == "STATUS=3 of 4 ready READY=0");
    CHECK(notifier->watchdog());
    CHECK(listener.hear() == "WATCHDOG=1");
    CHECK(notifier->stopping());
    CHECK(listener.hear() == "STOPPING=1");
  }
}

TEST_CASE("a service manager that is gone, and comes back, costs nothing but the message") {
  const Folder folder;
  const auto notifier = ServiceNotifier::to(folder.path("notify"));
  REQUIRE(notifier);
  CHECK_FALSE(notifier->ready());

  const Listener listener{folder.path("notify")};

  CHECK(notifier->ready());
  CHECK(listener.hear() == "READY=1");
}

TEST_CASE("without NOTIFY_SOCKET nobody is told and nothing fails") {
  ::unsetenv("NOTIFY_SOCKET");

  const auto notifier = ServiceNotifier::from_environment();

  CHECK_FALSE(notifier);
  CHECK_FALSE(notifier.ready());
  CHECK_FALSE(notifier.watchdog_interval());
}

TEST_CASE("the watchdog's interval is ours if it names us, our parent or nobody") {
  struct Case {
    std::string usec, pid;
    std::optional<Duration> interval;
  };
  const Case cases[] = {{"20000000", "", 20s},
                        {"20000000", std::to_string(::getpid()), 20s},
                        {"20000000", std::to_string(::getppid()), 20s},
                        {"20000000", "1234567", std::nullopt},
                        {"0", "", std::nullopt},
                        {"soon", "", std::nullopt},
                        {"18446744073709551615", "", 24h}};
  for (const Case& each : cases) {
    CAPTURE(each.usec);
    const Environment environment{{{"NOTIFY_SOCKET", "@mcpctl-test-nobody"},
                                   {"WATCHDOG_USEC", each.usec},
                                   {"WATCHDOG_PID", each.pid}}};

    const auto notifier = ServiceNotifier::from_environment();

    REQUIRE(notifier);
    CHECK((notifier.watchdog_interval() == each.interval));
  }
}

TEST_CASE("an address that is none is refused") {
  const auto relative = ServiceNotifier::to("run/notify");
  const auto endless = ServiceNotifier::to("/" + std::string(200, 'x'));

  REQUIRE_FALSE(relative);
  CHECK(relative.error().message ==
        "cannot notify the service manager at run/notify: neither a path nor an abstract name");
  REQUIRE_FALSE(endless);
  CHECK(endless.error().message.ends_with("File name too long"));
}
