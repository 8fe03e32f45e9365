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
/// What a group hands down to those below it.
constexpr const char* enabled_file = "cgroup.subtree_control";

/// Of the controllers that are asked for: those that a file of a group lists, and the others.
struct Listing {
  std::vector<std::string> listed;
  std::vector<std::string> others;
};

Listing look(int directory, const char* file, const std::vector<std::string>& controllers) {
  const std::string text = read_text(directory, file).value_or("");
  Listing found;
  for (const std::string& controller : controllers) {
    (has_word(text, controller) ? found.listed : found.others).push_back(controller);
  }
  return found;
}

void switch_all(int directory, char sign, const std::vector<std::string>& controllers) {
  for (const std::string& controller : controllers) {
    write_text(directory, enabled_file, sign + controller);
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
  const auto [present, absent] = look(ours, "cgroup.controllers", wishes.controllers);
  if (!absent.empty()) {
    done.missing = "the kernel or a parent group gives us no " + joined(absent) + " controller";
  }
  if (present.empty()) return done;

  const Listing before = look(ours, enabled_file, present);
  Listing switched;
  const auto switch_on = [&] {
    switch_all(ours, '+', before.others);
    switched = look(ours, enabled_file, before.others);
  };
  if (!before.others.empty()) switch_on();
  if (!switched.others.empty()) {
    done.missing = make_room(ours, fleets, wishes, done);
    switch_on();
  }
  done.handed_down = switched.listed;
  switch_all(fleets, '+', before.listed);
  switch_all(fleets, '+', done.handed_down);
  if (!switched.others.empty()) {
    if (done.missing.empty()) done.missing = "the kernel refuses us " + joined(switched.others);
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
