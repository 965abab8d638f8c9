// What the kernel and the allocator know of this process: process_* as every Prometheus client exposes them, and on
// request portolan_runtime_*.
#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "plugins/prometheus/prometheus.h"

namespace portolan::prometheus {
namespace {

using metrics::Computed;
using metrics::computed;

// Fields of /proc/self/stat from the third on, by their number in proc(5).
double stat_field(size_t number) {
  std::ifstream file("/proc/self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto end_of_name = text.rfind(')');
  if (end_of_name == text.npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string field;
  for (size_t i = 3; i <= number; ++i) fields >> field;
  return std::strtod(field.c_str(), nullptr);
}

double ticks() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }
double cpu_seconds() { return (stat_field(14) + stat_field(15)) / ticks(); }
double resident_bytes() { return stat_field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)); }

double start_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double boot = 0;
    if (word == "btime" && file >> boot) return boot + stat_field(22) / ticks();
  }
  return 0;
}

double open_descriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = -1;  // the one that reads the directory
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

double limit(decltype(RLIMIT_AS) which) {
  rlimit limits{};
  getrlimit(which, &limits);
  return static_cast<double>(limits.rlim_cur);
}

// A number of the IpExt lines of netstat: one line of names, one of values.
double network_octets(const std::string& wanted) {
  std::ifstream file("/proc/self/net/netstat");
  std::string names, values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (!names.starts_with("IpExt:")) continue;
    std::istringstream name_words(names), value_words(values);
    std::string name, value;
    while (name_words >> name && value_words >> value) {
      if (name == wanted) return std::strtod(value.c_str(), nullptr);
    }
  }
  return 0;
}

rusage usage() {
  rusage result{};
  getrusage(RUSAGE_SELF, &result);
  return result;
}

void register_process() {
  computed(Computed::counter, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
           cpu_seconds);
  computed(Computed::gauge, "process_resident_memory_bytes", "Resident memory size in bytes.", resident_bytes);
  computed(Computed::gauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
           [] { return stat_field(23); });
  computed(Computed::gauge, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.",
           [] { return limit(RLIMIT_AS); });
  computed(Computed::gauge, "process_open_fds", "Number of open file descriptors.", open_descriptors);
  computed(Computed::gauge, "process_max_fds", "Maximum number of open file descriptors.",
           [] { return limit(RLIMIT_NOFILE); });
  computed(Computed::gauge, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
           start_time);
  computed(Computed::counter, "process_network_receive_bytes_total",
           "Number of bytes received by the process over the network.", [] { return network_octets("InOctets"); });
  computed(Computed::counter, "process_network_transmit_bytes_total",
           "Number of bytes sent by the process over the network.", [] { return network_octets("OutOctets"); });
}

void register_runtime() {
  computed(Computed::gauge, "portolan_runtime_threads", "Threads of the process.", [] { return stat_field(20); });
  computed(Computed::counter, "portolan_runtime_user_cpu_seconds_total", "CPU time spent in the server itself.",
           [] { return stat_field(14) / ticks(); });
  computed(Computed::counter, "portolan_runtime_system_cpu_seconds_total",
           "CPU time spent in the kernel for the server.", [] { return stat_field(15) / ticks(); });
  computed(Computed::counter, "portolan_runtime_voluntary_context_switches_total",
           "How often a thread gave up the CPU to wait.", [] { return static_cast<double>(usage().ru_nvcsw); });
  computed(Computed::counter, "portolan_runtime_involuntary_context_switches_total",
           "How often a thread that could go on lost the CPU.", [] { return static_cast<double>(usage().ru_nivcsw); });
  computed(Computed::counter, "portolan_runtime_minor_page_faults_total", "Page faults served without the disk.",
           [] { return static_cast<double>(usage().ru_minflt); });
  computed(Computed::counter, "portolan_runtime_major_page_faults_total", "Page faults that waited for the disk.",
           [] { return static_cast<double>(usage().ru_majflt); });
  computed(Computed::gauge, "portolan_runtime_heap_used_bytes", "Heap memory in use.", [] {
    const auto info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  });
  computed(Computed::gauge, "portolan_runtime_heap_free_bytes", "Heap memory kept by the allocator and not in use.",
           [] { return static_cast<double>(mallinfo2().fordblks); });
}

void register_build() {
  metrics::GaugeFamily("coredns_build_info",
                       "A metric with a constant '1' value labeled by version, revision, and compiler of the server.",
                       {"version", "revision", "goversion"})
      .with({"portolan " PORTOLAN_VERSION, "CoreDNS 1.14.7 compatible", "g++ " __VERSION__})
      .set(1);
}

}  // namespace

void register_process_metrics(bool runtime) {
  static std::once_flag process_once, runtime_once;
  std::call_once(process_once, [] {
    register_build();
    register_process();
  });
  if (runtime) std::call_once(runtime_once, register_runtime);
}

}  // namespace portolan::prometheus
