// How many CPUs there are for us.
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "server/server.h"

namespace portolan::server {
namespace {

// cgroup v2: "max 100000" or "150000 100000" in the cgroup's cpu.max; v1: two files. 0: no quota.
double cgroup_quota() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period) return quota == "max" || period <= 0 ? 0 : std::strtod(quota.c_str(), nullptr) / period;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double us = 0;
  if (v1_quota >> us && v1_period >> period && us > 0 && period > 0) return us / period;
  return 0;
}

}  // namespace

unsigned granted_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  if (const double quota = cgroup_quota(); quota > 0) {
    cpus = std::min(cpus, static_cast<unsigned>(std::ceil(quota)));
  }
  return std::max(cpus, 1U);
}

}  // namespace portolan::server
