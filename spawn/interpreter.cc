#include "spawn/interpreter.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "loop/fd.h"

namespace mcpctl::spawn {
namespace {

/// As the kernel reads it (binfmt_script): one line, blanks around the path.
std::string from_script(std::string_view head) {
  head.remove_prefix(2);
  head = head.substr(0, head.find('\n'));
  const auto first = head.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  head.remove_prefix(first);
  return std::string(head.substr(0, head.find_first_of(" \t")));
}

std::string from_elf(int fd, std::string_view head) {
  ElfW(Ehdr) header;
  if (head.size() < sizeof header) return {};
  std::memcpy(&header, head.data(), sizeof header);
  constexpr unsigned char native = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (header.e_ident[EI_CLASS] != native || header.e_phentsize != sizeof(ElfW(Phdr))) return {};

  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    const auto at = static_cast<off_t>(header.e_phoff + i * sizeof segment);
    if (::pread(fd, &segment, sizeof segment, at) != static_cast<ssize_t>(sizeof segment)) break;
    if (segment.p_type != PT_INTERP) continue;
    char path[4096];
    if (segment.p_filesz == 0 || segment.p_filesz > sizeof path) break;
    const auto length = ::pread(fd, path, segment.p_filesz, static_cast<off_t>(segment.p_offset));
    if (length != static_cast<ssize_t>(segment.p_filesz)) break;
    return std::string(path, ::strnlen(path, static_cast<std::size_t>(length)));
  }
  return {};
}

}  // namespace

std::string interpreter_of(const std::string& file) {
  const loop::Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!fd) return {};
  struct stat status;
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};

  char bytes[256];  // BINPRM_BUF_SIZE: the kernel looks no further either
  const ssize_t length = ::pread(fd.get(), bytes, sizeof bytes, 0);
  if (length < 4) return {};
  const std::string_view head{bytes, static_cast<std::size_t>(length)};
  if (head.starts_with("#!")) return from_script(head);
  if (head.starts_with(ELFMAG)) return from_elf(fd.get(), head);
  return {};
}

}  // namespace mcpctl::spawn
