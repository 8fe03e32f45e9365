// A directory of its own below /tmp, mode 0700, removed with everything in it.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace mcpctl::testing {

/// Truncates what was there.
inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream{path, std::ios::trunc} << text;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// The path of the file that `text` is now the content of.
  std::string write(const std::string& name, const std::string& text) const {
    write_file(*this / name, text);
    return *this / name;
  }

 private:
  std::string path_ = "/tmp/mcpctl-test-XXXXXX";  // mkdtemp(3) fills in the end
};

}  // namespace mcpctl::testing
