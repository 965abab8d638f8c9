// What a thread asks of the kernel's scheduler.
#pragma once

#include <chrono>

namespace portolan {

/// The shortest turn that the kernel grants.
constexpr std::chrono::nanoseconds kShortTurn = std::chrono::microseconds(100);

/// Asks that the calling thread runs in turns of kShortTurn (sched_setattr(2), Linux 6.12 and later; before, nothing
/// changes). It then gets a core sooner after it wakes up, and no larger share of it: for threads that do little at a
/// time and are waited for. The nice value stays. False: the kernel did not take it, or the thread's policy is not the
/// normal one.
bool ask_short_turns();

}  // namespace portolan
