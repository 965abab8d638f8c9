// The calls into liburcu. A reader's quiescent state happens before the end of any grace period that waited for it.
#include "base/rcu.h"

#include <urcu/urcu-qsbr.h>

#if defined(__SANITIZE_THREAD__)
#define PORTOLAN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PORTOLAN_TSAN 1
#endif
#endif

#ifdef PORTOLAN_TSAN
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace portolan::rcu {
namespace {

#ifdef PORTOLAN_TSAN
char grace_period;  // stands for the order between readers and writers
void release_to_writers() { __tsan_release(&grace_period); }
void acquire_from_readers() { __tsan_acquire(&grace_period); }
#else
void release_to_writers() {}
void acquire_from_readers() {}
#endif

}  // namespace

void register_thread() { urcu_qsbr_register_thread(); }

void unregister_thread() {
  release_to_writers();
  urcu_qsbr_unregister_thread();
}

void quiescent() {
  release_to_writers();
  urcu_qsbr_quiescent_state();
}

void offline() {
  release_to_writers();
  urcu_qsbr_thread_offline();
}

void online() { urcu_qsbr_thread_online(); }

void synchronize() {
  urcu_qsbr_synchronize_rcu();
  acquire_from_readers();
}

}  // namespace portolan::rcu
