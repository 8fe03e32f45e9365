#include "bench/supervisors.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mcpctl::bench {
namespace {

namespace fs = std::filesystem;

std::string name_of(std::size_t index) { return "s" + std::to_string(index); }

/// Our paths have no spaces, nor anything else that a shell or a supervisor would interpret.
std::string command_line(const Place& place, std::size_t index, const Order& order) {
  std::string line;
  for (const std::string& word : child_command(place, index, order)) {
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

std::string log_of(const Place& place, std::size_t index) {
  return place.logs() + "/" + name_of(index) + ".log";
}

/// The child opens its log file itself: dinit does not see what it writes.
std::vector<std::string> prepare_dinit(const Place& place, const Order& order) {
  const std::string services = place.folder + "/services";
  fs::create_directory(services);
  std::ofstream boot{services + "/boot"};
  boot << "type = internal\n";
  for (std::size_t i = 0; i < order.children; ++i) {
    std::ofstream{services + "/" + name_of(i)}
        << "type = process\ncommand = " << command_line(place, i, order)
        << "\nlogfile = " << log_of(place, i)
        << "\nrestart = true\nsmooth-recovery = true\nrestart-delay = 0\nrestart-limit-count = 0\n"
        << "stop-timeout = " << order.grace_ms / 1000.0 << "\n";
    boot << "waits-for: " << name_of(i) << "\n";
  }
  return {"dinit", "--user", "-q", "-d", services, "-p", place.folder + "/control"};
}

/// A folder with a run script for each child, as s6 and runit want it; its path.  Nobody
/// takes the output: that would be a second process for each child.
std::string write_scan_folder(const Place& place, const Order& order) {
  const std::string scan = place.folder + "/scan";
  for (std::size_t i = 0; i < order.children; ++i) {
    const std::string service = scan + "/" + name_of(i);
    fs::create_directories(service);
    std::ofstream{service + "/run"} << "#!/bin/sh\nexec " << command_line(place, i, order)
                                    << " >/dev/null 2>&1\n";
    fs::permissions(service + "/run", fs::perms::owner_all);
    std::ofstream{service + "/timeout-kill"} << order.grace_ms << "\n";  // s6's
  }
  return scan;
}

std::vector<std::string> prepare_s6(const Place& place, const Order& order) {
  return {"s6-svscan", "-c", std::to_string(2 * order.children), write_scan_folder(place, order)};
}

std::vector<std::string> prepare_runit(const Place& place, const Order& order) {
  return {"runsvdir", write_scan_folder(place, order)};
}

/// All in one group, or it would stop them one after another.
std::vector<std::string> prepare_supervisord(const Place& place, const Order& order) {
  std::ostringstream sections;
  std::string names;
  for (std::size_t i = 0; i < order.children; ++i) {
    sections << "[program:" << name_of(i) << "]\ncommand=" << command_line(place, i, order)
             << "\nautorestart=true\nstartsecs=0\nstartretries=1000\nstopwaitsecs="
             << order.grace_ms / 1000 << "\nstdout_logfile=" << log_of(place, i)
             << "\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n";
    names += (names.empty() ? "" : ",") + name_of(i);
  }
  const std::string path = place.folder + "/supervisord.conf";
  std::ofstream{path} << "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
                      << "loglevel=critical\nminfds=16000\npidfile=" << place.folder << "/pid\n"
                      << "childlogdir=" << place.folder << "\n"
                      << sections.str() << "[group:all]\nprograms=" << names << "\n";
  return {"supervisord", "-n", "-c", path};
}

}  // namespace

std::span<const Supervisor> other_supervisors() {
  static const std::array all{
      Supervisor{"dinit", prepare_dinit},
      Supervisor{"s6-svscan", prepare_s6},
      Supervisor{"runsvdir", prepare_runit, SIGHUP},  // a SIGTERM leaves the children running
      Supervisor{"supervisord", prepare_supervisord},
  };
  return all;
}

bool is_on_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace mcpctl::bench
