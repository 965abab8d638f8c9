// liburcu's membarrier flavour behind rcu.h. ThreadSanitizer does not see through liburcu, so the order it gives is
// told by annotations here and nowhere else.
#include "base/rcu.h"

#include <urcu/urcu-memb.h>

#include <future>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#else
#include <urcu/static/urcu-memb.h>
#endif

namespace portolan::rcu {
namespace {

// Read sections that end release to it; a release of memory acquires from it.
[[maybe_unused]] char grace_period;

void tell_release() {
#ifdef __SANITIZE_THREAD__
  __tsan_release(&grace_period);
#endif
}
void tell_acquire() {
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(&grace_period);
#endif
}

// Read sections are two stores each; called, they cost four times that. The inline functions are of those that section
// 5 of the LGPL leaves to everybody. ThreadSanitizer would look into them and take liburcu's plain stores for races.
void begin_reading() {
#ifdef __SANITIZE_THREAD__
  urcu_memb_read_lock();
#else
  _urcu_memb_read_lock();
#endif
}
void end_reading() {
#ifdef __SANITIZE_THREAD__
  urcu_memb_read_unlock();
#else
  _urcu_memb_read_unlock();
#endif
}

// liburcu's own thread, which it has registered itself, is known from its first release on: what is released there may
// defer more.
constinit thread_local bool known = false;

struct Registration {
  Registration() { urcu_memb_register_thread(); }
  ~Registration() { urcu_memb_unregister_thread(); }
};

[[gnu::noinline]] void register_thread() {
  static thread_local Registration registration;
  (void)registration;
  known = true;
}

void ensure_registered() {
  if (!known) [[unlikely]]
    register_thread();
}

struct Deferred {
  rcu_head head;  // first, so that the address of one is the address of the other
  void (*release)(void*);
  void* object;
};

void run_deferred(rcu_head* head) {
  auto* deferred = reinterpret_cast<Deferred*>(head);
  tell_acquire();
  known = true;
  deferred->release(deferred->object);
  delete deferred;
}

}  // namespace

ReadGuard::ReadGuard() noexcept {
  ensure_registered();
  begin_reading();
}

ReadGuard::~ReadGuard() {
  tell_release();
  end_reading();
}

void defer(void (*release)(void*), void* object) {
  ensure_registered();
  auto* deferred = new Deferred{{}, release, object};
  tell_release();
  urcu_memb_call_rcu(&deferred->head, run_deferred);
}

void synchronize() {
  ensure_registered();
  urcu_memb_synchronize_rcu();
  tell_acquire();
}

// What is deferred is released in order, on one thread: when one of our own is, all before it are. (urcu_memb_barrier()
// does the same out of ThreadSanitizer's sight.)
void barrier() {
  auto* const last = new std::promise<void>;
  const std::future<void> released = last->get_future();
  defer(
      [](void* object) {
        auto* const promise = static_cast<std::promise<void>*>(object);
        promise->set_value();
        delete promise;
      },
      last);
  released.wait();
}

}  // namespace portolan::rcu
