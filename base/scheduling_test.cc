// Tests of short turns: what the kernel grants, and the nice value.
#include "base/scheduling.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace portolan;

namespace {

/// The turn's length as the kernel tells it: sched_runtime, octets 24 to 31 of sched_attr (sched_setattr(2)).
uint64_t turn_of_this_thread() {
  std::array<uint8_t, 48> attributes{};
  if (syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0) != 0) return 0;
  uint64_t runtime = 0;
  std::memcpy(&runtime, attributes.data() + 24, sizeof runtime);
  return runtime;
}

/// Since 6.12 a thread of the normal policy has a turn of its own.
bool kernel_has_turns() {
  utsname names{};
  int major = 0, minor = 0;
  uname(&names);
  return std::sscanf(names.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 12));
}

}  // namespace

TEST_CASE("a thread that asks for short turns gets them and keeps its nice value") {
  const uint64_t others = turn_of_this_thread();
  uint64_t granted = 0;
  int nice = 0;
  bool taken = false;
  std::thread([&] {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 7);
    taken = ask_short_turns();
    granted = turn_of_this_thread();
    nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
  }).join();
  CHECK(nice == 7);
  if (taken && kernel_has_turns()) CHECK(granted == 100'000);
  CHECK(turn_of_this_thread() == others);
}
