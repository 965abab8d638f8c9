// Guarded<T>: data that cannot be touched without its lock. Not for the query path.
#pragma once

#include <mutex>
#include <utility>

namespace portolan {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  class Access {
   public:
    explicit Access(Guarded& owner) : lock_(owner.mutex_), value_(&owner.value_) {}
    T& operator*() { return *value_; }
    T* operator->() { return value_; }

   private:
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  /// The data, for as long as the returned object lives.
  Access lock() { return Access(*this); }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace portolan
