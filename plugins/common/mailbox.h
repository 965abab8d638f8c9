// Mailbox: what workers tell a thread that talks to the outside (dnstap, trace): bounded, and never waited for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/common/message_ring.h"

namespace portolan {

/// One ring a worker, one consumer for all of them. A worker pays for a copy; for a system call only when the consumer
/// sleeps or when its ring becomes half full.
class Mailbox {
 public:
  /// `capacity` octets for all workers together; each gets a power of two that takes the longest DNS message.
  Mailbox(size_t workers, size_t capacity);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// On worker `index`. False: no room, and the message is lost.
  bool push(size_t index, std::span<const uint8_t> message) {
    Slot& slot = *slots_[index];
    if (!slot.ring.push(message)) return false;
    const bool half = slot.ring.half_full();
    if (sleeping_.load(std::memory_order_seq_cst) || (half && !slot.was_half)) wake();
    slot.was_half = half;
    return true;
  }

  // For the consumer.
  /// Becomes readable by wake().
  int descriptor() const { return event_; }
  /// Moves messages with their lengths to the end of `out`, `most` octets or a little more of each worker; how many.
  size_t drain(std::string& out, size_t most);
  /// True: nothing is there, and the next message wakes. False: there is something to drain.
  bool may_sleep();
  /// After waiting.
  void awake();

  /// Makes descriptor() readable. From any thread.
  void wake();

 private:
  struct Slot {
    explicit Slot(size_t capacity) : ring(capacity) {}
    MessageRing ring;
    alignas(64) bool was_half = false;  // the producer's
  };
  std::vector<std::unique_ptr<Slot>> slots_;
  alignas(64) std::atomic<bool> sleeping_{false};
  int event_;
};

}  // namespace portolan
