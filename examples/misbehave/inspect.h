// What a process inherited, as JSON: for the tests of whoever spawned it.
#pragma once
#include <string>

namespace misbehave {

/// Takes the picture.  Call it first in main(), before anything changes.
void remember_inheritance(int argc, char** argv);

/// An object with argv, env, cwd, pid, ppid, pgid, sid, uid, gid, groups, umask
/// (octal text), rlimits ({"nofile": [soft, hard]}; -1 is unlimited), blocked and ignored
/// signals, fds ({"0": "pipe:[1]"}), cgroup, oom_score_adj, no_new_privs, parent_death_signal.
const std::string& inheritance();

}  // namespace misbehave
