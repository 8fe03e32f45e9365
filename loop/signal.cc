#include "loop/signal.h"

#include <csignal>
#include <string>
#include <utility>

#include "loop/handle.h"
#include "loop/system_error.h"

namespace mcpctl::loop {
namespace {

void block_signals(sigset_t* before) noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, before);
}

}  // namespace

struct SignalWatch::Watch : Handle<uv_signal_t> {
  explicit Watch(Callback<int> callback) : on_signal(std::move(callback)) {}
  Callback<int> on_signal;
};

Result<SignalWatch> SignalWatch::open(Loop& loop, int signal_number, Callback<int> on_signal) {
  auto watch =
      loop::open(std::make_unique<Watch>(std::move(on_signal)),
                 [&](uv_signal_t* raw) noexcept { return uv_signal_init(loop.raw(), raw); });
  const int error = !watch ? watch.error()
                           : uv_signal_start(
                                 &(*watch)->raw,
                                 [](uv_signal_t* raw, int number) noexcept {
                                   watch_of<Watch>(raw).on_signal(number);
                                 },
                                 signal_number);
  if (error < 0) {
    return system_failure("cannot watch signal " + std::to_string(signal_number), -error);
  }
  return SignalWatch{std::move(*watch)};
}

SignalWatch::SignalWatch(Owned<Watch> watch) : watch_(std::move(watch)) {}
SignalWatch::~SignalWatch() = default;
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch& SignalWatch::operator=(SignalWatch&&) noexcept = default;

void ignore_sigpipe() noexcept {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

SignalsHeld::SignalsHeld() noexcept { block_signals(&before_); }
SignalsHeld::~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void hold_signals_until_exit() noexcept { block_signals(nullptr); }

}  // namespace mcpctl::loop
