// Keeps the service manager informed (sd_notify(3)): ready once the fleet is being
// supervised, a status line with the count of ready servers, the watchdog's beats.
// Does nothing, and wakes up for nothing, when nobody listens.
#pragma once
#include "loop/loop.h"
#include "loop/timer.h"
#include "runtime/supervisor.h"
#include "signals/notify.h"

namespace mcpctl::cli {

class ServiceStatus {
 public:
  /// Borrows both.
  ServiceStatus(loop::Loop& loop, runtime::Supervisor& supervisor);

 private:
  void tell();
  void beat();

  runtime::Supervisor& supervisor_;
  signals::ServiceNotifier notifier_;
  loop::Timer status_;
  loop::Timer watchdog_;
  bool said_stopping_{false};
  runtime::Subscription transitions_;
};

}  // namespace mcpctl::cli
