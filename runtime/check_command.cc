#include "runtime/check_command.h"

#include <string>
#include <string_view>
#include <utility>

#include "loop/timer.h"
#include "runtime/process.h"
#include "spawn/command.h"
#include "spawn/environment.h"

namespace mcpctl::runtime {
namespace {

constexpr std::size_t output_kept = 4096;

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const std::size_t newline = text.rfind('\n');
  return newline == std::string_view::npos ? text : text.substr(newline + 1);
}

}  // namespace

class CheckCommand::Running {
 public:
  Running(loop::Loop& loop, TreeWatch& trees, CheckRunner::Done done)
      : trees_(trees), done_(std::move(done)), failed_(loop) {}

  ~Running() {
    if (!process_) return;
    trees_.remove_child(process_->pid());
    trees_.forget(process_->tree());
  }

  void begin(loop::Loop& loop, const CheckTarget& target) {
    spawn::ChildSpec spec;
    spec.name = target.server;
    spec.argv = target.command;
    spec.env = target.env;
    spec.cwd = target.cwd;
    spec.identity = target.identity;
    auto file =
        spawn::resolve_command(target.command.at(0), spawn::value_in(spec.env, "PATH"), spec.cwd);
    if (!file) return fail(file.error().message);
    spec.file = std::move(*file);

    Process::Callbacks callbacks;
    callbacks.on_stdout = [this](std::string_view bytes) { keep(bytes); };
    callbacks.on_stderr = [this](std::string_view bytes) { keep(bytes); };
    callbacks.on_exit = [this](const supervisor::ExitStatus& status) { exited(status); };
    auto process =
        Process::start(loop, std::move(spec), {}, target.cookie, nullptr, std::move(callbacks));
    if (!process) return fail(process.error().message());
    process_ = std::move(*process);
    trees_.add_child(process_->pid(), [this] { process_->check_exit(); });
  }

  /// Nobody wants to hear of it any more.
  void silence() { done_ = {}; }

  /// nullptr when nothing was started.
  Process* process() { return process_.get(); }

 private:
  void keep(std::string_view bytes) {
    if (output_.size() < output_kept) output_ += bytes.substr(0, output_kept - output_.size());
  }

  void exited(const supervisor::ExitStatus& status) {
    trees_.remove_child(process_->pid());
    std::string why = supervisor::describe(status);
    if (const std::string_view line = last_line(output_); !line.empty())
      why.append(": ").append(line);
    finish(status == supervisor::ExitStatus{}, why);
  }

  void fail(std::string why) {
    failed_.arm(Duration{0}, [this, why = std::move(why)] { finish(false, why); });
  }

  void finish(bool succeeded, const std::string& why) {
    const CheckRunner::Done done = std::exchange(done_, {});
    if (done) done(succeeded, why);
  }

  TreeWatch& trees_;
  CheckRunner::Done done_;
  loop::Timer failed_;  ///< tells of a failed start later, from the loop
  std::string output_;
  std::unique_ptr<Process> process_;
};

CheckCommand::CheckCommand(loop::Loop& loop, TreeWatch& trees, const CheckTarget& target,
                           CheckRunner::Done done)
    : trees_(trees), running_(std::make_unique<Running>(loop, trees, std::move(done))) {
  running_->begin(loop, target);
}

CheckCommand::~CheckCommand() {
  running_->silence();
  Process* process = running_->process();
  if (process == nullptr || (process->has_exited() && trees_.is_empty(process->tree()))) return;
  spawn::Tree& tree = process->tree();
  trees_.await_end(tree, [running = std::move(running_)] {});
  trees_.kill(tree);
}

}  // namespace mcpctl::runtime
