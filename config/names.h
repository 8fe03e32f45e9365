// How enumerators, signals and resource limits are spelled in the users' files.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace mcpctl::config {

template <typename Enum, std::size_t Count>
using Names = std::array<std::pair<std::string_view, Enum>, Count>;

inline constexpr Names<Kind, 2> kind_names{{{"mcp", Kind::mcp}, {"process", Kind::process}}};
inline constexpr Names<Startup, 2> startup_names{
    {{"eager", Startup::eager}, {"lazy", Startup::lazy}}};
inline constexpr Names<Sharing, 2> sharing_names{
    {{"shared", Sharing::shared}, {"session", Sharing::session}}};
inline constexpr Names<RestartPolicy, 4> restart_names{
    {{"always", RestartPolicy::always},
     {"on-failure", RestartPolicy::on_failure},
     {"never", RestartPolicy::never},
     {"unless-stopped", RestartPolicy::unless_stopped}}};
inline constexpr Names<Need, 3> need_names{
    {{"started", Need::started}, {"ready", Need::ready}, {"completed", Need::completed}}};
inline constexpr Names<LogFormat, 3> log_format_names{
    {{"text", LogFormat::text}, {"json", LogFormat::json}, {"raw", LogFormat::raw}}};
inline constexpr Names<Readiness::Method, 7> readiness_names{
    {{"auto", Readiness::Method::automatic},
     {"tcp", Readiness::Method::tcp},
     {"http-get", Readiness::Method::http_get},
     {"exec", Readiness::Method::exec},
     {"log-line", Readiness::Method::log_line},
     {"notify", Readiness::Method::notify},
     {"alive", Readiness::Method::alive}}};
inline constexpr Names<Liveness::Method, 9> liveness_names{
    {{"auto", Liveness::Method::automatic},
     {"ping", Liveness::Method::ping},
     {"discover", Liveness::Method::discover},
     {"tools-list", Liveness::Method::tools_list},
     {"tcp", Liveness::Method::tcp},
     {"http-get", Liveness::Method::http_get},
     {"exec", Liveness::Method::exec},
     {"notify", Liveness::Method::notify},
     {"none", Liveness::Method::none}}};
/// Signals that a server may want as its farewell, by their numbers on Linux.
inline constexpr Names<int, 9> signal_names{{{"SIGTERM", 15},
                                             {"SIGINT", 2},
                                             {"SIGHUP", 1},
                                             {"SIGQUIT", 3},
                                             {"SIGUSR1", 10},
                                             {"SIGUSR2", 12},
                                             {"SIGABRT", 6},
                                             {"SIGWINCH", 28},
                                             {"SIGKILL", 9}}};

/// RLIMIT_… of asm-generic/resource.h, which this folder may not include; a test does.
struct LimitName {
  std::string_view name;
  int resource;
  bool in_bytes;  ///< may be written as a size
};
inline constexpr std::array<LimitName, 9> limit_names{{{"nofile", 7, false},
                                                       {"core", 4, true},
                                                       {"as", 9, true},
                                                       {"data", 2, true},
                                                       {"stack", 3, true},
                                                       {"nproc", 6, false},
                                                       {"cpu", 0, false},
                                                       {"fsize", 1, true},
                                                       {"memlock", 8, true}}};

template <typename Enum, std::size_t Count>
std::string_view spell(const Names<Enum, Count>& names, Enum value) {
  for (const auto& [name, each] : names) {
    if (each == value) return name;
  }
  return {};
}

template <typename Enum, std::size_t Count>
std::optional<Enum> find_name(const Names<Enum, Count>& names, std::string_view word) {
  for (const auto& [name, each] : names) {
    if (name == word) return each;
  }
  return std::nullopt;
}

template <typename Enum, std::size_t Count>
constexpr std::array<std::string_view, Count> spellings(const Names<Enum, Count>& names) {
  std::array<std::string_view, Count> words;
  for (std::size_t i = 0; i < Count; ++i) words[i] = names[i].first;
  return words;
}

/// "mcp or process"; "a, b or c".
template <typename List>
std::string listed(const List& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "\"" + std::string{words[i]} + "\"";
  }
  return text;
}

}  // namespace mcpctl::config
