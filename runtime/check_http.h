// One GET of an http-get check: succeeds on an answer of 200–399.
#pragma once
#include <memory>
#include <string>

#include "loop/loop.h"
#include "runtime/check_runner.h"

namespace mcpctl::runtime {

class CheckHttp {
 public:
  /// `done` comes from the loop.
  CheckHttp(loop::Loop& loop, const std::string& url, CheckRunner::Done done);
  ~CheckHttp();
  CheckHttp(const CheckHttp&) = delete;
  CheckHttp& operator=(const CheckHttp&) = delete;

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace mcpctl::runtime
