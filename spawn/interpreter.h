// Why exec(2) said ENOENT about a file that exists: the interpreter of its #!
// line, or the loader its ELF header asks for, is missing.
#pragma once
#include <string>

namespace mcpctl::spawn {

/// The path of the #! interpreter or the ELF loader (PT_INTERP) that `file` needs;
/// empty if it needs none or cannot be read.  Never blocks on a fifo.
std::string interpreter_of(const std::string& file);

}  // namespace mcpctl::spawn
