#include "tests/fuzz/target.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

#include "base/assert.h"

namespace mcpctl::fuzz {
namespace {

std::map<char, Target::Run>& targets() {
  static std::map<char, Target::Run> all;
  return all;
}

}  // namespace

Target::Target(char letter, Run run) {
  const bool is_new = targets().emplace(letter, run).second;
  MCPCTL_ASSERT(is_new);
}

void Target::dispatch(std::string_view input) {
  if (input.empty()) return;
  auto found = targets().find(input.front());
  if (found == targets().end()) {
    const std::size_t index = static_cast<unsigned char>(input.front()) % targets().size();
    found = std::next(targets().begin(), static_cast<std::ptrdiff_t>(index));
  }
  found->second(input.substr(1));
}

}  // namespace mcpctl::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mcpctl::fuzz::Target::dispatch({reinterpret_cast<const char*>(data), size});
  return 0;
}
