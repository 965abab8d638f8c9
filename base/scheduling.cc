// sched_getattr and sched_setattr, called without a library.
#include "base/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace portolan {
namespace {

/// The first version of the kernel's sched_attr. Debian 12's C library has neither it nor the two calls, and where
/// both the library and the kernel's header have it they contradict each other.
struct Attributes {
  uint32_t size = sizeof(Attributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // nanoseconds
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

}  // namespace

bool ask_short_turns() {
  Attributes attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return false;
  if (attributes.policy != SCHED_OTHER) return false;
  attributes.size = sizeof attributes;
  attributes.runtime = static_cast<uint64_t>(kShortTurn.count());
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace portolan
