// Read-copy-update: readers look at shared, unchanging objects without a lock while a writer swaps in new ones.
// liburcu's membarrier flavour, wrapped in this file and rcu.cc alone.
//
// Why not QSBR: every thread that reads would have to say when it is awake and when it holds nothing. A membarrier read
// section costs two plain stores, and needs no loop to cooperate.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace portolan::rcu {

/// What was published when the guard was made stays alive until it is destroyed. Wait-free, may be nested; must not
/// live across a suspension. Any thread; a thread registers itself at its first guard.
class ReadGuard {
 public:
  ReadGuard() noexcept;
  ~ReadGuard();
  ReadGuard(const ReadGuard&) = delete;
  ReadGuard& operator=(const ReadGuard&) = delete;
};

/// Runs `release(object)` once every read section that is under way has ended; on a thread of liburcu's, soon.
void defer(void (*release)(void*), void* object);

template <class T>
void defer_delete(const T* object) {
  defer([](void* each) { delete static_cast<const T*>(each); }, const_cast<T*>(object));
}

/// Waits until every read section that was under way has ended. Never inside a ReadGuard.
void synchronize();

/// Waits until everything deferred so far has been released (end of a test, of the process).
void barrier();

/// A pointer that readers follow inside a ReadGuard and one writer at a time replaces.
template <class T>
class Pointer {
 public:
  Pointer() = default;
  explicit Pointer(const T* object) : object_(object) {}
  const T* read() const { return object_.load(std::memory_order_acquire); }
  /// Publishes `object`; the old one is deleted after a grace period.
  void replace(const T* object) {
    if (const T* old = object_.exchange(object, std::memory_order_acq_rel)) defer_delete(old);
  }

 private:
  std::atomic<const T*> object_{nullptr};
};

/// The same for objects that a reader may keep beyond its ReadGuard, at the price of a count that all threads share.
template <class T>
class SharedPointer {
 public:
  using Shared = std::shared_ptr<const T>;

  const T* read() const {
    const Shared* shared = pointer_.read();
    return shared ? shared->get() : nullptr;
  }
  /// To be called inside a ReadGuard; what it returns may leave it.
  Shared share() const {
    const Shared* shared = pointer_.read();
    return shared ? *shared : nullptr;
  }
  void replace(Shared object) { pointer_.replace(object ? new Shared(std::move(object)) : nullptr); }

 private:
  Pointer<Shared> pointer_;
};

}  // namespace portolan::rcu
