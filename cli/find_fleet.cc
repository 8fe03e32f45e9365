#include "cli/find_fleet.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/api_client.h"
#include "config/suggest.h"
#include "runtime/config_files.h"
#include "runtime/runtime_dir.h"

namespace mcpctl::cli {
namespace {

constexpr Duration answer_limit{2'000};

FleetIdentity identity_of(const std::string& name, const std::string& socket) {
  FleetIdentity identity{name, socket, 0, "", {}};
  const auto answer = call(socket, "GET", "/api/v1/version", answer_limit);
  if (!answer) return identity;
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  if (!json.is_object()) return identity;
  if (const auto pid = json.find("pid"); pid != json.end() && pid->is_number_integer()) {
    identity.pid = pid->get<int>();
  }
  if (const auto version = json.find("version"); version != json.end() && version->is_string()) {
    identity.version = version->get<std::string>();
  }
  if (const auto files = json.find("config_files"); files != json.end() && files->is_array()) {
    for (const auto& file : *files) {
      if (file.is_string()) identity.files.push_back(file.get<std::string>());
    }
  }
  return identity;
}

std::string listed(const std::vector<FleetIdentity>& fleets) {
  std::string text;
  for (const FleetIdentity& fleet : fleets) {
    text += "\n  " + fleet.name;
    if (!fleet.files.empty()) text += "  (" + fleet.files.front() + ")";
  }
  return text;
}

std::optional<FoundFleet> by_file(const std::vector<FleetIdentity>& fleets,
                                  const std::string& file) {
  for (const FleetIdentity& fleet : fleets) {
    if (std::ranges::find(fleet.files, file) != fleet.files.end()) {
      return FoundFleet{fleet.name, fleet.socket};
    }
  }
  return std::nullopt;
}

Result<FoundFleet> by_name(const std::vector<FleetIdentity>& fleets, const std::string& name) {
  std::vector<std::string_view> known;
  for (const FleetIdentity& fleet : fleets) {
    if (fleet.name == name) return FoundFleet{fleet.name, fleet.socket};
    known.push_back(fleet.name);
  }
  return failure("no fleet \"" + name + "\" is running" + config::did_you_mean_clause(name, known));
}

}  // namespace

Result<std::vector<FleetIdentity>> running_fleets() {
  const auto directory = runtime::RuntimeDir::open();
  if (!directory) return std::unexpected{directory.error()};
  std::vector<FleetIdentity> fleets;
  for (const std::string& name : directory->running()) {
    if (const auto socket = directory->socket_of(name)) {
      fleets.push_back(identity_of(name, *socket));
    }
  }
  return fleets;
}

Result<FoundFleet> find_fleet(const FleetChoice& choice) {
  const auto fleets = running_fleets();
  if (!fleets) return std::unexpected{fleets.error()};
  if (!choice.name.empty()) return by_name(*fleets, choice.name);
  if (!choice.files.empty()) {
    const std::string file = runtime::absolute_path(choice.files.front());
    if (auto found = by_file(*fleets, file)) return *found;
    return failure("no fleet is running from " + file +
                   (fleets->empty() ? "" : "; running are:" + listed(*fleets)));
  }
  if (fleets->empty()) return failure("no fleet is running; start one with mcpctl run");
  if (const auto usual = runtime::ConfigFiles::locate({})) {
    if (auto found = by_file(*fleets, usual->paths().front())) return *found;
  }
  if (fleets->size() == 1) return FoundFleet{fleets->front().name, fleets->front().socket};
  return failure("several fleets are running; choose one with --fleet NAME:" + listed(*fleets));
}

}  // namespace mcpctl::cli
