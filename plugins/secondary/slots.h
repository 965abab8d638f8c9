// How many transfers come in at once: the others wait in line, so that a thousand zones at start are not a thousand
// connections and half-built zones.
#pragma once

#include <coroutine>
#include <list>
#include <memory>

#include "base/loop.h"

namespace portolan::secondary {

/// Used by the thread of its loop.
class Slots : public std::enable_shared_from_this<Slots> {
 public:
  Slots(Loop& loop, size_t most) : loop_(loop), free_(most) {}

  /// `co_await place` waits for a slot, which is held until the place goes; it may also go while it waits.
  class Place {
   public:
    explicit Place(std::shared_ptr<Slots> slots) : slots_(std::move(slots)) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> waiter);
    void await_resume() noexcept {}

   private:
    friend class Slots;
    std::shared_ptr<Slots> slots_;
    std::coroutine_handle<> waiter_;
    bool holds_ = false;
  };

 private:
  void serve_next();

  Loop& loop_;
  size_t free_;
  std::list<Place*> line_;
};

}  // namespace portolan::secondary
