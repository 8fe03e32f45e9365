// mcpctl top: the fleet live, on the whole terminal.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/keys.h"
#include "cli/raw_terminal.h"
#include "cli/terminal.h"
#include "cli/top_state.h"
#include "cli/top_view.h"
#include "control/parameters.h"
#include "http/client.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/signal.h"
#include "loop/timer.h"

namespace mcpctl::cli {
namespace {

/// Memory and CPU change without an event.
constexpr Duration refresh_interval{2'000};
/// A burst of events is one look at the fleet, a burst of lines one drawing.
constexpr Duration burst{60};
constexpr Duration frame{30};
/// Who runs down the list does not open every server's log.
constexpr Duration resting{120};
/// An escape that nothing follows for so long is the key.
constexpr Duration escape_time{50};

class Screen {
 public:
  Screen(RawTerminal terminal, bool color) : terminal_(std::move(terminal)), color_(color) {}

  void take() {
    terminal_.enter();
    drawn_.clear();
  }
  int keys() const { return terminal_.keys(); }
  std::size_t page(const TopState& state) const { return page_lines(state, terminal_.size()); }

  /// Sends the lines that changed, no more: ssh is slow.
  void draw(const TopState& state) {
    const ScreenSize size = terminal_.size();
    std::string text;
    if (size != size_ || drawn_.size() != size.rows) {
      text = "\x1b[2J";
      drawn_.assign(size.rows, "");
      size_ = size;
    }
    std::vector<std::string> lines = render_top(state, size, color_);
    for (std::size_t row = 0; row < lines.size(); ++row) {
      if (lines[row] == drawn_[row]) continue;
      text += "\x1b[" + std::to_string(row + 1) + ";1H" + lines[row] + "\x1b[K";
    }
    drawn_ = std::move(lines);
    terminal_.write(text);
  }

 private:
  RawTerminal terminal_;
  bool color_;
  ScreenSize size_;
  std::vector<std::string> drawn_;
};

class Viewer {
 public:
  Viewer(const FoundFleet& fleet, Screen screen)
      : socket_(fleet.socket),
        client_(loop_),
        screen_(std::move(screen)),
        soon_(loop_),
        refresh_(loop_),
        draw_(loop_),
        rest_(loop_),
        escape_(loop_) {}

  /// Empty when the user left; else why it ended.
  Result<std::string> run() {
    auto keys = loop::Poll::open(loop_, screen_.keys(), [this](loop::Readiness) { read_keys(); });
    if (!keys) return std::unexpected{keys.error()};
    std::vector<loop::SignalWatch> watches;
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT}) {
      auto watch = loop::SignalWatch::open(loop_, number, [this](int signal) { handle(signal); });
      if (!watch) return std::unexpected{watch.error()};
      watches.push_back(std::move(*watch));
    }
    screen_.take();
    keys->watch({.readable = true});
    follow_events();
    fetch();
    loop_.run();
    return ended_;
  }

 private:
  void handle(int signal) {
    if (signal == SIGCONT) screen_.take();
    if (signal == SIGCONT || signal == SIGWINCH) return screen_.draw(state_);
    loop_.stop();
  }

  void read_keys() {
    char bytes[512];
    const ssize_t length = ::read(screen_.keys(), bytes, sizeof bytes);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) return loop_.stop();  // the terminal is gone
    press(decoder_.feed({bytes, static_cast<std::size_t>(length)}));
    if (decoder_.is_undecided()) {
      escape_.arm(escape_time, [this] { press(decoder_.settle()); });
    } else {
      escape_.disarm();
    }
  }

  void press(const std::vector<Key>& keys) {
    for (const Key& key : keys) {
      const TopState::Request request = state_.press(key, screen_.page(state_));
      switch (request.kind) {
        case TopState::Request::Kind::none: break;
        case TopState::Request::Kind::quit: return loop_.stop();
        case TopState::Request::Kind::redraw: screen_.take(); break;
        case TopState::Request::Kind::command: command(request.verb, request.server); break;
      }
    }
    if (keys.empty()) return;
    follow_selected();
    screen_.draw(state_);
  }

  // ---- the supervisor --------------------------------------------------------------

  http::Outgoing request(std::string method, std::string target) const {
    http::Outgoing outgoing;
    outgoing.method = std::move(method);
    outgoing.url.scheme = http::Scheme::unix_socket;
    outgoing.url.socket_path = socket_;
    outgoing.url.authority = "localhost";
    outgoing.url.target = std::move(target);
    return outgoing;
  }

  static http::CallOptions options(bool is_stream) {
    http::CallOptions options;
    options.limits.body_bytes = 1u << 30;  // from our own supervisor
    if (is_stream) options.total_timeout = Duration{0};
    return options;
  }

  void end(std::string why) {
    ended_ = std::move(why);
    loop_.stop();
  }

  void follow_events() {
    http::CallCallbacks callbacks;
    callbacks.on_event = [this](const http::SseEvent&) {
      if (!soon_.is_armed()) soon_.arm(burst, [this] { fetch(); });
    };
    callbacks.on_done = [this](const Result<http::Response>&) { end("the fleet has ended"); };
    events_ = client_.send(request("GET", "/api/v1/events"), options(true), std::move(callbacks));
  }

  void fetch() {
    if (fetching_.is_running()) {
      again_ = true;
      return;
    }
    http::CallCallbacks callbacks;
    callbacks.on_done = [this](const Result<http::Response>& answer) { fetched(answer); };
    fetching_ =
        client_.send(request("GET", "/api/v1/servers"), options(false), std::move(callbacks));
  }

  void fetched(const Result<http::Response>& answer) {
    if (!answer) return end(answer.error().message);
    if (answer->status != 200) return end(problem_text(answer->status, answer->body));
    auto fleet = read_fleet(answer->body);
    if (!fleet) return end(fleet.error().message);
    state_.update(std::move(*fleet), loop_.now());
    follow_selected();
    draw_soon();
    refresh_.arm(std::exchange(again_, false) ? burst : refresh_interval, [this] { fetch(); });
  }

  /// Opens the log of the server that is selected, once the choice rests on it.
  void follow_selected() {
    if (state_.selected() == log_of_) return;
    log_of_ = state_.selected();
    log_ = {};
    rest_.arm(resting, [this] { follow_log(); });
  }

  void follow_log() {
    if (log_of_.empty()) return;
    http::CallCallbacks callbacks;
    callbacks.on_event = [this](const http::SseEvent& event) {
      if (event.type == "skipped") {
        state_.add_gap("(lines were skipped here)");
      } else if (auto line = read_log_line(event.data)) {
        state_.add_line(std::move(*line));
      }
      draw_soon();
    };
    callbacks.on_done = [](const Result<http::Response>&) {};  // the server is gone from the fleet
    const std::string target =
        "/api/v1/logs?follow=1&tail=500&server=" + control::percent_encoded(log_of_);
    log_ = client_.send(request("GET", target), options(true), std::move(callbacks));
  }

  void command(const std::string& verb, const std::string& server) {
    http::CallCallbacks callbacks;
    callbacks.on_done = [this, verb, server](const Result<http::Response>& answer) {
      const bool accepted = answer && answer->status / 100 == 2;
      const std::string trouble = accepted  ? ""
                                  : !answer ? answer.error().message
                                            : problem_text(answer->status, answer->body);
      state_.say(verb + " " + server + ": " + (accepted ? "accepted" : trouble));
      draw_soon();
    };
    const std::string target = "/api/v1/servers/" + control::percent_encoded(server) + "/" + verb;
    state_.say(verb + " " + server + " ...");
    command_ = client_.send(request("POST", target), options(false), std::move(callbacks));
  }

  void draw_soon() {
    if (!draw_.is_armed()) draw_.arm(frame, [this] { screen_.draw(state_); });
  }

  loop::Loop loop_;
  std::string socket_;
  http::Client client_;
  Screen screen_;
  TopState state_;
  KeyDecoder decoder_;
  std::string ended_;
  std::string log_of_;
  bool again_{false};
  loop::Timer soon_;
  loop::Timer refresh_;
  loop::Timer draw_;
  loop::Timer rest_;
  loop::Timer escape_;
  http::Call events_;
  http::Call fetching_;
  http::Call log_;
  http::Call command_;
};

class Top final : public Command {
 public:
  std::string_view name() const override { return "top"; }
  std::string_view summary() const override { return "Watch and command a fleet, live"; }

  void declare(CLI::App& app) override {
    add_fleet_options(app, choice_);
    app.add_flag("--no-color", no_color_, "No colours");
    app.footer(
        "Needs a terminal.  ? shows the keys: r restarts the chosen server, s stops or\n"
        "starts it, enter opens its log, / filters, q leaves (the fleet goes on).\n\n"
        "Example: mcpctl top --fleet demo");
  }

  int run() override {
    loop::ignore_sigpipe();
    const auto fleet = find_fleet(choice_);
    if (!fleet) return complain(fleet.error().message, exit_not_running);
    const auto ended = watch(*fleet);
    if (!ended) return complain(ended.error().message, exit_failed);
    return ended->empty() ? exit_ok : complain(*ended, exit_not_running);
  }

 private:
  /// The screen is given back before anything is said.
  Result<std::string> watch(const FoundFleet& fleet) const {
    auto terminal = RawTerminal::open();
    if (!terminal) return std::unexpected{terminal.error()};
    const bool color = Terminal::of(STDOUT_FILENO, no_color_).color;
    return Viewer{fleet, Screen{std::move(*terminal), color}}.run();
  }

  FleetChoice choice_;
  bool no_color_{false};
};

}  // namespace

std::unique_ptr<Command> make_top() { return std::make_unique<Top>(); }

}  // namespace mcpctl::cli
