#include "spawn/cgroup_delegation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "spawn/cgroup_files.h"

namespace mcpctl::spawn {
namespace {

using namespace cgroup;

/// No server's group is called that: in their names an @ is written %40.
constexpr const char* leaf_name = "@supervisor";

std::vector<std::string> list_of(const std::vector<std::string>& controllers, int directory,
                                 const char* file, bool listed) {
  const std::string text = read_text(directory, file).value_or("");
  std::vector<std::string> found;
  for (const std::string& controller : controllers) {
    if (has_word(text, controller) == listed) found.push_back(controller);
  }
  return found;
}

std::vector<std::string> enabled(int directory, const std::vector<std::string>& controllers) {
  return list_of(controllers, directory, "cgroup.subtree_control", true);
}

std::vector<std::string> not_enabled(int directory, const std::vector<std::string>& controllers) {
  return list_of(controllers, directory, "cgroup.subtree_control", false);
}

void switch_all(int directory, char sign, const std::vector<std::string>& controllers) {
  for (const std::string& controller : controllers) {
    write_text(directory, "cgroup.subtree_control", sign + controller);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " and ") + word;
  return text;
}

/// Who is in our group without being ours.
std::size_t strangers(int ours, const std::vector<pid_t>& own_processes) {
  return static_cast<std::size_t>(std::ranges::count_if(processes(ours), [&](pid_t pid) {
    return std::ranges::find(own_processes, pid) == own_processes.end();
  }));
}

void move_to(int directory, const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) write_text(directory, "cgroup.procs", std::to_string(pid));
}

/// Moves those of ours that are in our group into the leaf; why not, if it cannot.
std::string make_room(int ours, int fleets, const CgroupWishes& wishes, Delegation& done) {
  if (const std::size_t others = strangers(ours, wishes.own_processes); others > 0) {
    return std::to_string(others) + (others == 1 ? " other process is" : " other processes are") +
           " in our own control group";
  }
  ::mkdirat(fleets, leaf_name, 0755);
  const loop::Fd leaf = open_directory(fleets, leaf_name);
  if (!leaf) return "no group can be made for mcpctl itself";
  done.moved = processes(ours);
  move_to(leaf.get(), done.moved);
  return processes(ours).empty() ? "" : "mcpctl cannot leave its own control group";
}

}  // namespace

Delegation delegate(int ours, int fleets, const CgroupWishes& wishes) {
  Delegation done;
  const auto absent = list_of(wishes.controllers, ours, "cgroup.controllers", false);
  const auto present = list_of(wishes.controllers, ours, "cgroup.controllers", true);
  if (!absent.empty()) {
    done.missing = "the kernel or a parent group gives us no " + joined(absent) + " controller";
  }

  const auto wanted = not_enabled(ours, present);
  switch_all(ours, '+', wanted);
  if (!not_enabled(ours, wanted).empty()) {
    done.missing = make_room(ours, fleets, wishes, done);
    switch_all(ours, '+', wanted);
  }
  const auto refused = not_enabled(ours, wanted);
  done.handed_down = enabled(ours, wanted);
  switch_all(fleets, '+', enabled(ours, present));
  if (!refused.empty()) {
    if (done.missing.empty()) done.missing = "the kernel refuses us " + joined(refused);
    undo(done, ours, fleets);  // it was of no use
    done.moved.clear();
  }
  return done;
}

void undo(const Delegation& delegation, int ours, int fleets) {
  if (delegation.moved.empty()) return;
  switch_all(fleets, '-', delegation.handed_down);
  switch_all(ours, '-', delegation.handed_down);
  move_to(ours, delegation.moved);
  ::unlinkat(fleets, leaf_name, AT_REMOVEDIR);
}

}  // namespace mcpctl::spawn
