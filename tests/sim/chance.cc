#include "chance.h"

#include <array>
#include <csignal>

namespace mcpctl::sim {

using config::Need;
using config::RestartPolicy;

Duration up_to(Rng& rng, std::uint64_t bound_ms) {
  return Duration{static_cast<std::int64_t>(rng.below(bound_ms))};
}

bool is_job(const std::string& name) { return (name.back() - '0') % 3 == 0; }

namespace {

/// Mostly short, sometimes long: what looks at boundaries finds some.
Duration draw_duration(Rng& rng, std::uint64_t usual_ms, std::uint64_t rare_ms) {
  const bool rare = rng.chance(1, 8);
  return Duration{1} + up_to(rng, rare ? rare_ms : usual_ms);
}

std::optional<Duration> perhaps(Rng& rng, std::uint64_t numerator, std::uint64_t denominator,
                                std::uint64_t usual_ms, std::uint64_t rare_ms) {
  if (!rng.chance(numerator, denominator)) return std::nullopt;
  return draw_duration(rng, usual_ms, rare_ms);
}

RestartPolicy draw_policy(Rng& rng, bool job) {
  static constexpr std::array any{RestartPolicy::always,     RestartPolicy::always,
                                  RestartPolicy::always,     RestartPolicy::unless_stopped,
                                  RestartPolicy::on_failure, RestartPolicy::never};
  static constexpr std::array of_jobs{RestartPolicy::on_failure, RestartPolicy::on_failure,
                                      RestartPolicy::never};
  return job ? of_jobs[rng.below(of_jobs.size())] : any[rng.below(any.size())];
}

supervisor::ExitStatus draw_ending(Rng& rng, bool job) {
  static constexpr std::array codes{0, 0, 1, 1, 1, 2, 78, 127};
  static constexpr std::array signals{SIGSEGV, SIGABRT, SIGKILL, SIGTERM};
  supervisor::ExitStatus status;
  if (rng.chance(1, 4)) {
    status.signal = signals[rng.below(signals.size())];
  } else {
    status.code = job && rng.chance(1, 2) ? 0 : codes[rng.below(codes.size())];
  }
  return status;
}

}  // namespace

supervisor::Spec draw_spec(Rng& rng, const std::string& name) {
  supervisor::Spec spec;
  if (rng.chance(1, 3)) spec.startup = config::Startup::lazy;
  if (rng.chance(3, 4)) spec.idle_stop = Duration{200} + up_to(rng, 2'000);
  spec.restart = draw_policy(rng, is_job(name));

  spec.backoff.initial = rng.chance(1, 16) ? Duration{0} : draw_duration(rng, 100, 500);
  spec.backoff.max = spec.backoff.initial + up_to(rng, 3'000);
  if (rng.chance(3, 4)) spec.backoff.stable = draw_duration(rng, 500, 3'000);
  spec.crash_loop.failures = static_cast<unsigned>(1 + rng.below(5));
  spec.crash_loop.window = draw_duration(rng, 3'000, 20'000);
  spec.crash_loop.retry = rng.chance(1, 4) ? Duration{0} : draw_duration(rng, 2'000, 10'000);
  spec.no_restart_exit_codes = {78, 127};
  if (rng.chance(1, 8)) spec.success_exit_codes = {0, 2};

  spec.start_timeout = Duration{50} + up_to(rng, 500);
  spec.start_timeout_max = spec.start_timeout + up_to(rng, 1'500);
  spec.stop.drain = rng.chance(1, 3) ? Duration{0} : draw_duration(rng, 200, 800);
  spec.stop.eof = rng.chance(1, 5) ? Duration{0} : draw_duration(rng, 100, 400);
  spec.stop.term = rng.chance(1, 5) ? Duration{0} : draw_duration(rng, 200, 800);
  spec.stop.signal = rng.chance(1, 4) ? SIGINT : SIGTERM;
  spec.has_stdin = rng.chance(2, 3);
  if (rng.chance(1, 24)) spec.unusable = "variable TOKEN is not set";
  return spec;
}

std::vector<config::Dependency> draw_dependencies(Rng& rng, unsigned number) {
  std::vector<config::Dependency> dependencies;
  for (unsigned lower = 0; lower < number; ++lower) {
    if (!rng.chance(1, 3)) continue;
    config::Dependency dependency{"s" + std::to_string(lower), Need::ready};
    if (rng.chance(1, 3)) dependency.need = Need::started;
    if (is_job(dependency.server) && rng.chance(1, 2)) dependency.need = Need::completed;
    dependencies.push_back(std::move(dependency));
  }
  return dependencies;
}

Temper draw_temper(Rng& rng, bool works_off_a_job, bool is_calm) {
  Temper temper;
  if (is_calm) {
    temper.spawn_takes = up_to(rng, 3);
    temper.ready_after = up_to(rng, 40);
    temper.obeys_eof_after = up_to(rng, 10);
    temper.obeys_signal_after = up_to(rng, 10);
    if (works_off_a_job) temper.dies_after = Duration{20} + up_to(rng, 80);
    return temper;
  }
  temper.spawn_takes = draw_duration(rng, 4, rng.chance(1, 4) ? 6'000 : 100);
  temper.spawn_fails = rng.chance(1, 8);
  temper.failure_mends_itself = rng.chance(1, 2);
  temper.ready_after = perhaps(rng, 7, 8, 40, 800);
  temper.dies_after = perhaps(rng, 3, 5, 600, 6'000);
  temper.dies_of = draw_ending(rng, works_off_a_job);
  temper.obeys_eof_after = perhaps(rng, 2, 3, 60, 1'000);
  temper.obeys_signal_after = perhaps(rng, 3, 4, 60, 1'000);
  temper.dies_of_kill_after = draw_duration(rng, 3, rng.chance(1, 2) ? 4'000 : 50);
  temper.is_immortal = rng.chance(1, 24);
  if (rng.chance(1, 4)) temper.polite_stragglers = static_cast<unsigned>(rng.below(3));
  if (rng.chance(1, 6)) temper.stubborn_stragglers = static_cast<unsigned>(1 + rng.below(2));
  temper.hangs_after = perhaps(rng, 1, 3, 300, 3'000);
  temper.hang_lasts = draw_duration(rng, 300, 1'500);
  temper.hang_passes = rng.chance(1, 2);
  temper.speaks_every = perhaps(rng, 1, 4, 200, 600);
  temper.requests = rng.chance(1, 2) ? static_cast<unsigned>(rng.below(5)) : 0;
  return temper;
}

}  // namespace mcpctl::sim
