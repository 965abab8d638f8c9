// How many CPUs there are for us.
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "server/server.h"

namespace portolan::server {
namespace {

// A file with "max 100000" or "150000 100000". 0: no quota, or no such file.
double quota_in(const std::string& path) {
  std::ifstream file(path);
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::strtod(quota.c_str(), nullptr) / period;
}

double quota_v1(const std::string& root) {
  std::ifstream quota(root + "/cpu/cpu.cfs_quota_us"), period(root + "/cpu/cpu.cfs_period_us");
  double us = 0, of = 0;
  return quota >> us && period >> of && us > 0 && of > 0 ? us / of : 0;
}

// "0::/system.slice/portolan.service" of cgroup v2; a container sees "0::/". Empty: there is no such line.
std::string own_group(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return {};
}

}  // namespace

double cpu_quota(const std::string& self, const std::string& root) {
  double least = 0;
  for (std::string group = own_group(self); !group.empty(); group.resize(group.rfind('/'))) {
    const double quota = quota_in(root + group + "/cpu.max");
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  }
  if (const double outer = quota_in(root + "/cpu.max"); outer > 0 && (least == 0 || outer < least)) least = outer;
  return least > 0 ? least : quota_v1(root);
}

unsigned granted_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  if (const double quota = cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup"); quota > 0) {
    cpus = std::min(cpus, static_cast<unsigned>(std::ceil(quota)));
  }
  return std::max(cpus, 1U);
}

}  // namespace portolan::server
