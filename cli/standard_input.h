// Standard input, whatever it is.  A pipe or a terminal is read as it fills; what epoll
// cannot watch, a regular file or /dev/null, never keeps one waiting and is read a piece
// per turn of the loop.  Leaves the descriptor itself open.
#pragma once
#include <memory>

#include "loop/loop.h"
#include "loop/pipe_reader.h"

namespace mcpctl::cli {

class StandardInput {
 public:
  StandardInput(loop::Loop& loop, loop::PipeReader::Callbacks callbacks);
  ~StandardInput();
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::cli
