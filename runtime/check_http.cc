#include "runtime/check_http.h"
namespace mcpctl::runtime {
class CheckHttp::Inner {};
CheckHttp::CheckHttp(loop::Loop&, const std::string&, CheckRunner::Done) {}
CheckHttp::~CheckHttp() = default;
}  // namespace mcpctl::runtime
