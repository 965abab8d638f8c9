// What a cgroup leaves of the CPUs.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/temporary_folder.h"
#include "server/server.h"

namespace portolan::server {
namespace {

namespace fs = std::filesystem;

using Folder = TemporaryFolder;

}  // namespace

TEST_CASE("cpus: the least quota on the way up from the process's own cgroup counts") {
  const Folder folder;
  const std::string self = folder.write("self", "0::/system.slice/portolan.service\n");
  CHECK(cpu_quota(self, folder.path()) == 0);
  folder.write("cpu.max", "400000 100000\n");
  CHECK(cpu_quota(self, folder.path()) == 4);
  folder.write("system.slice/cpu.max", "max 100000\n");
  folder.write("system.slice/portolan.service/cpu.max", "150000 100000\n");
  CHECK(cpu_quota(self, folder.path()) == 1.5);
  folder.write("system.slice/cpu.max", "50000 100000\n");
  CHECK(cpu_quota(self, folder.path()) == 0.5);
}

TEST_CASE("cpus: in a container the root of what it sees is its own cgroup") {
  const Folder folder;
  const std::string self = folder.write("self", "0::/\n");
  folder.write("cpu.max", "200000 100000\n");
  CHECK(cpu_quota(self, folder.path()) == 2);
}

TEST_CASE("cpus: cgroup v1 has two files") {
  const Folder folder;
  const std::string self = folder.write("self", "4:cpu,cpuacct:/docker/1\n");
  folder.write("cpu/cpu.cfs_quota_us", "-1\n");
  folder.write("cpu/cpu.cfs_period_us", "100000\n");
  CHECK(cpu_quota(self, folder.path()) == 0);
  folder.write("cpu/cpu.cfs_quota_us", "250000\n");
  CHECK(cpu_quota(self, folder.path()) == 2.5);
}

}  // namespace portolan::server
