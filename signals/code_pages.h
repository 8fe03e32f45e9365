// The memory that a program's code takes.  Most of it is needed once, to start: to read
// options and configuration, to relocate and to construct.
#pragma once

namespace mcpctl::signals {

/// Gives back every page of code and constants that is mapped now, ours and the
/// libraries'.  What is called again comes back from the page cache, without a disk.
void give_back_code_pages() noexcept;

}  // namespace mcpctl::signals
