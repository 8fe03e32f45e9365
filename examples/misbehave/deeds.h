// What the modes do to processes, memory and descriptors.  Plain POSIX; every process
// made here ends itself after Options::linger, so a failed test leaves nothing for good.
#pragma once
#include <sys/types.h>

#include <string_view>

#include "options.h"

namespace misbehave {

/// Writes all of `text`; gives up silently when `fd` is closed or broken.
void write_all(int fd, std::string_view text);

/// Milliseconds on the monotonic clock.
long now_ms();
void sleep_ms(long ms);

/// Locks Options::held, if set, for this process and all that it makes.
void hold(const Options& options);

/// Appends "ROLE PID" to Options::pids, if set.
void record(const Options& options, std::string_view role, pid_t pid);

/// A child in our process group that ignores SIGTERM, SIGINT and SIGHUP.
void fork_member(const Options& options);
/// The same in a session of its own.
void fork_session(const Options& options);
/// A grandchild in a session of its own, handed over to init or a subreaper.
void fork_daemon(const Options& options);
/// A process that every `interval` forks a replacement with a new session and exits.
void fork_chain(const Options& options);
/// Doubles every `interval` until `limit` processes were made in all.
void fork_bomb(const Options& options);
/// A child that keeps our stdout open and, `interval` after our end, writes a line to stderr.
void fork_holder(const Options& options);

/// Touches `mib` MiB and keeps them.
void eat_memory(long mib);
/// Sends `state` to $NOTIFY_SOCKET (sd_notify(3)).
void notify(std::string_view state);
/// A socket that listens on 127.0.0.1, or -1 with a line on stderr.
int listen_on(int port);

}  // namespace misbehave
