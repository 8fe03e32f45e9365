// The architecture as a test: every #include "folder/…" must be an edge that
// the table allows, only loop/ may name <uv.h> and only http/openssl.h <openssl/…>.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const std::set<std::string> pure{"base", "config", "mcp", "relay", "health", "supervisor"};

/// What each folder may include besides itself; the picture is in docs/DESIGN.md.
const std::map<std::string, std::set<std::string>> allowed{
    {"base", {}},
    {"config", {"base"}},
    {"mcp", {"base", "config"}},
    {"relay", {"base", "config", "mcp"}},
    {"health", {"base", "config", "mcp"}},
    {"supervisor", {"base", "config", "mcp", "health"}},
    {"loop", {"base"}},
    {"spawn", {"base", "config", "mcp", "health", "supervisor", "loop"}},
    {"signals", {"base", "config", "mcp", "health", "supervisor", "loop", "spawn"}},
    {"http", {"base", "config", "mcp", "health", "supervisor", "loop", "spawn", "signals"}},
    {"runtime",
     {"base", "config", "mcp", "health", "supervisor", "loop", "spawn", "signals", "http"}},
    {"control",
     {"base", "config", "mcp", "health", "supervisor", "loop", "spawn", "signals", "http",
      "runtime"}},
    {"gateway",
     {"base", "config", "mcp", "relay", "health", "supervisor", "loop", "spawn", "signals", "http",
      "runtime"}},
    {"cli",
     {"base", "config", "mcp", "health", "supervisor", "loop", "spawn", "signals", "http",
      "runtime", "control", "gateway"}},
};

/// Headers that give the kernel, a clock or a log to whoever includes them.
const std::regex impure_header{
    R"(^(uv\.h|spdlog/.*|sys/.*|unistd\.h|fcntl\.h|poll\.h|time\.h|ctime|thread|)"
    R"(mutex|fstream|filesystem|pwd\.h|dirent\.h|iostream)$)"};

struct Include {
  std::string file;
  std::size_t line;
  std::string target;
};

std::vector<Include> includes_below(const std::string& folder) {
  const std::regex directive{R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])"};
  std::vector<Include> found;
  if (!fs::exists(fs::path{MCPCTL_SOURCE_DIR} / folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path{MCPCTL_SOURCE_DIR} / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    std::ifstream in{entry.path()};
    std::string text;
    for (std::size_t line = 1; std::getline(in, text); ++line) {
      std::smatch match;
      if (std::regex_search(text, match, directive)) {
        found.push_back({fs::relative(entry.path(), MCPCTL_SOURCE_DIR).string(), line, match[1]});
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a folder includes only what stands below it") {
  for (const auto& [folder, below] : allowed) {
    for (const Include& include : includes_below(folder)) {
      const std::string target = include.target.substr(0, include.target.find('/'));
      if (!allowed.contains(target)) continue;  // a system header
      CAPTURE(include.file);
      CAPTURE(include.line);
      CAPTURE(include.target);
      CHECK((target == folder || below.contains(target)));
    }
  }
}

TEST_CASE("only loop/ knows libuv") {
  for (const auto& [folder, below] : allowed) {
    if (folder == "loop") continue;
    for (const Include& include : includes_below(folder)) {
      CAPTURE(include.file);
      CAPTURE(include.line);
      CHECK(include.target != "uv.h");
    }
  }
}

TEST_CASE("only http/tls.cc knows OpenSSL, through what http/openssl.h loads") {
  std::set<std::string> naming;
  std::set<std::string> knowing;
  for (const auto& [folder, below] : allowed) {
    for (const Include& include : includes_below(folder)) {
      if (include.target.starts_with("openssl/")) naming.insert(include.file);
      if (include.target == "http/openssl.h") knowing.insert(include.file);
    }
  }

  CHECK(naming == std::set<std::string>{"http/openssl.h"});
  CHECK(knowing == std::set<std::string>{"http/openssl.cc", "http/tls.cc"});
}

TEST_CASE("pure folders include nothing that reaches the kernel, a clock or a log") {
  for (const std::string& folder : pure) {
    for (const Include& include : includes_below(folder)) {
      CAPTURE(include.file);
      CAPTURE(include.line);
      CAPTURE(include.target);
      CHECK_FALSE(std::regex_match(include.target, impure_header));
    }
  }
}

TEST_CASE("every folder with code of the product stands in the table") {
  for (const auto& entry : fs::directory_iterator(MCPCTL_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with('.') || name.starts_with("build")) continue;
    bool has_code = false;
    for (const auto& file : fs::directory_iterator(entry.path())) {
      has_code = has_code || file.path().extension() == ".h" || file.path().extension() == ".cc";
    }
    if (name == "tests" || name == "examples" || name == "bench" || !has_code) continue;
    CAPTURE(name);
    CHECK(allowed.contains(name));
  }
}
