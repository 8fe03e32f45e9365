// The files of cgroupfs: short texts, read and written whole.  For spawn/ only.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/fd.h"

namespace mcpctl::spawn::cgroup {

/// Does not follow a symbolic link.
loop::Fd open_directory(int parent, const char* name);

std::optional<std::string> read_text(int directory, const char* name);
/// The number after `key` in a file of a few "key number" lines, which the kernel shows in
/// one piece: nobody needs to ask for its end.
std::optional<std::uint64_t> read_number(int directory, const char* name, std::string_view key);
/// 0 or an errno.
int write_text(int directory, const char* name, std::string_view text);

/// Takes the first line off.
std::string_view next_line(std::string_view& text);
/// The number after `key` in a text of "key number" lines.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key);
/// Whether `word` is one of a line of words.
bool has_word(std::string_view text, std::string_view word);

/// The processes in a group, not those below; 0 for each of another pid namespace.
std::vector<pid_t> processes(int directory, const char* list = "cgroup.procs");

}  // namespace mcpctl::spawn::cgroup
