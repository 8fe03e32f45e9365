// The example fleet as a user sees it: how long after its servers could answer it says
// that they do, and how fast it is gone.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "bench/clock.h"
#include "bench/process_figures.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"

namespace mcpctl::bench {
namespace {

namespace fs = std::filesystem;

const std::string examples = MCPCTL_BINARY_DIR "/examples/";
const std::string request =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"bench","version":"1"}}})";

std::size_t count(const std::string& path, const std::string& word) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.view().find(word, at)) != std::string::npos; ++at) ++found;
  return found;
}

/// Until math answers its first request, asked through a FIFO from the first moment.
double math_alone_ms(const std::string& folder) {
  const std::string fifo = folder + "/requests";
  const std::string answers = folder + "/answers";
  fs::remove(answers);
  ::mkfifo(fifo.c_str(), 0600);
  const std::uint64_t launched = now_ns();
  const pid_t server =
      launch({"sh", "-c", "exec \"$0\" <\"$1\" >\"$2\"", examples + "math", fifo, answers}, folder);
  {
    std::ofstream requests{fifo};
    requests << request << '\n' << std::flush;
    wait_until([&] { return count(answers, "protocolVersion") > 0; }, 10'000);
  }
  const double took = ms(now_ns() - launched);
  ::waitpid(server, nullptr, 0);
  return took;
}

/// One try of the request over HTTP.
bool answers_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool answered = false;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string text =
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\n"
        "Connection: close\r\nContent-Length: " +
        std::to_string(request.size()) + "\r\n\r\n" + request;
    ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    char answer[4096];
    answered = ::recv(socket, answer, sizeof answer, 0) > 0;
  }
  ::close(socket);
  return answered;
}

double weather_alone_ms(const std::string& folder) {
  constexpr std::uint16_t port = 47'411;
  const std::uint64_t launched = now_ns();
  const pid_t server =
      launch({"env", "PORT=" + std::to_string(port), examples + "weather"}, folder);
  wait_until([] { return answers_on(port); }, 10'000);
  const double took = ms(now_ns() - launched);
  ::kill(server, SIGTERM);
  ::waitpid(server, nullptr, 0);
  return took;
}

struct Fleet {
  double ready_ms{-1};
  double gone_ms{-1};
};

Fleet run_fleet(const std::string& folder) {
  const std::string output = folder + "/output";
  const std::string config = MCPCTL_SOURCE_DIR "/examples/quickstart/mcp.json";
  fs::remove(output);
  Fleet seen;
  const std::uint64_t launched = now_ns();
  const pid_t warden = launch({"sh", "-c", "exec \"$0\" run --log-format json -c \"$1\" >\"$2\"",
                               MCPCTL_BINARY_DIR "/mcpctl", config, output},
                              folder);
  const auto all_ready = [&] { return count(output, "\"to\":\"ready\"") == 2; };
  if (wait_until(all_ready, 10'000)) seen.ready_ms = ms(now_ns() - launched);
  rest(500);
  std::vector<pid_t> all = children_of(warden);
  for (const pid_t server : children_of(all.at(0))) all.push_back(server);
  all.push_back(warden);
  EndWatch ends{all};
  const std::uint64_t interrupted = now_ns();
  ::kill(warden, SIGINT);
  const std::uint64_t ended = ends.wait(20'000);
  if (ended != 0) seen.gone_ms = ms(ended - interrupted);
  ::waitpid(warden, nullptr, 0);
  return seen;
}

}  // namespace

void measure_example() {
  const std::string folder = make_folder();
  std::vector<double> alone;
  std::vector<double> ready;
  std::vector<double> gone;
  for (int i = 0; i < 5; ++i) {
    alone.push_back(std::max(math_alone_ms(folder), weather_alone_ms(folder)));
    const Fleet fleet = run_fleet(folder);
    ready.push_back(fleet.ready_ms);
    gone.push_back(fleet.gone_ms);
  }
  print({"example fleet: ready (floor: its slower server)", "ms", median(alone), median(ready),
         "<= 20 ms more"});
  print({"example fleet: gone after Ctrl-C", "ms", {}, median(gone), "<= 100 ms"});
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace mcpctl::bench
