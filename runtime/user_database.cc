#include "runtime/user_database.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

namespace mcpctl::runtime {
namespace {

/// Entries of the databases seldom take a kilobyte; a group with very many members may.
constexpr std::size_t most_scratch = 4u << 20;

std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  // -1 means "leave it as it is" to the kernel.
  if (parsed.ec != std::errc{} || parsed.ptr != end || value == UINT32_MAX) return std::nullopt;
  return value;
}

struct Found {
  std::string name;
  std::uint32_t uid{0};
  std::uint32_t gid{0};
  std::string home;
};

/// Calls one of the get*_r functions with as much scratch memory as it wants; 0, an
/// errno, or ENOENT when the database has no such entry.
template <typename Entry, typename Ask>
int ask(Entry& entry, std::string& scratch, Ask&& call) {
  for (scratch.resize(1024);; scratch.resize(scratch.size() * 4)) {
    Entry* found = nullptr;
    const int error = call(&entry, scratch.data(), scratch.size(), &found);
    if (error == ERANGE && scratch.size() < most_scratch) continue;
    if (error != 0) return error;
    return found == nullptr ? ENOENT : 0;
  }
}

Result<Found> user_entry(const std::string& user) {
  const auto number = number_of(user);
  passwd entry{};
  std::string scratch;
  const int error =
      ask(entry, scratch, [&](passwd* into, char* bytes, std::size_t size, passwd** found) {
        return number ? ::getpwuid_r(*number, into, bytes, size, found)
                      : ::getpwnam_r(user.c_str(), into, bytes, size, found);
      });
  if (error == 0) {
    return Found{entry.pw_name, entry.pw_uid, entry.pw_gid,
                 entry.pw_dir == nullptr ? "" : entry.pw_dir};
  }
  if (number) return Found{"", *number, *number, "/"};
  if (error == ENOENT || error == ESRCH) return failure("no such user");
  return failure(std::generic_category().message(error));
}

Result<std::uint32_t> group_number(const std::string& group) {
  if (const auto number = number_of(group)) return *number;
  ::group entry{};
  std::string scratch;
  const int error =
      ask(entry, scratch, [&](::group* into, char* bytes, std::size_t size, ::group** found) {
        return ::getgrnam_r(group.c_str(), into, bytes, size, found);
      });
  if (error == 0) return entry.gr_gid;
  if (error == ENOENT || error == ESRCH) return failure("no such group");
  return failure(std::generic_category().message(error));
}

std::vector<std::uint32_t> groups_of(const std::string& user, std::uint32_t gid) {
  if (user.empty()) return {gid};
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(user.c_str(), gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(user.c_str(), gid, groups.data(), &count) < 0) return {gid};
  }
  return {groups.begin(), groups.begin() + count};
}

}  // namespace

Result<config::Identity> find_user(const std::string& user, const std::string& group) {
  const auto found = user_entry(user);
  if (!found) return failure(found.error().message);
  config::Identity identity;
  identity.uid = found->uid;
  identity.gid = found->gid;
  if (!group.empty()) {
    const auto gid = group_number(group);
    if (!gid) return failure(gid.error().message);
    identity.gid = *gid;
  }
  identity.groups = groups_of(found->name, identity.gid);
  identity.name = user;
  identity.home = found->home;
  return identity;
}

}  // namespace mcpctl::runtime
