// Asks Linux for the affinity mask and the cgroup quota; elsewhere the standard library's count.
#include "cpu_count.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace sconce {
namespace {

#ifdef __linux__
int cpus_in_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

// The first line of a small file of the kernel, empty where there is none.
std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  return line;
}

// "max 100000" or "150000 100000": microseconds of CPU time in each period.
double cpus_of_quota(const std::string& text) {
  double quota = 0, period = 0;
  std::istringstream in(text);
  return in >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

// The smallest quota between this process' group and the root, in CPUs; 0 without one.
double cpus_in_quota() {
  double least = 0;
  auto consider = [&least](double cpus) {
    if (cpus > 0 && (least == 0 || cpus < least)) least = cpus;
  };
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    const bool unified = controllers.empty();
    if (!unified && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controllers;
    for (;; group.resize(group.rfind('/'))) {
      if (group == "/") group.clear();
      const std::string folder = root + group;
      if (unified)
        consider(cpus_of_quota(first_line(folder + "/cpu.max")));
      else
        consider(cpus_of_quota(first_line(folder + "/cpu.cfs_quota_us") + " " +
                               first_line(folder + "/cpu.cfs_period_us")));
      if (group.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}
#else
int cpus_in_mask() { return 0; }
double cpus_in_quota() { return 0; }
#endif

}  // namespace

int available_cpus() {
  int cpus = cpus_in_mask();
  if (cpus < 1) cpus = static_cast<int>(std::thread::hardware_concurrency());
  if (const double quota = cpus_in_quota(); quota > 0)
    cpus = std::min(cpus, static_cast<int>(std::ceil(std::min(quota, 1e6))));
  return std::max(cpus, 1);
}

}  // namespace sconce
