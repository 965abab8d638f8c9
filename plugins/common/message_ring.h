// A ring of whole messages between one thread that makes them and one that takes them away.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace portolan {

/// push() on the producer's thread, drain() on the consumer's; neither waits for the other. A message lies in the ring
/// as in a stream of frames: its length in four octets, most significant first, then its octets.
class MessageRing {
 public:
  static constexpr size_t kPrefix = 4;

  /// `capacity` octets, a power of two. Pages that no message reaches are never touched.
  explicit MessageRing(size_t capacity)
      : capacity_(capacity), octets_(std::make_unique_for_overwrite<uint8_t[]>(capacity)) {}

  /// False, and nothing is put in, when there is no room.
  bool push(std::span<const uint8_t> message) {
    const size_t head = head_.load(std::memory_order_relaxed);
    const size_t used = head - tail_.load(std::memory_order_acquire);
    if (message.size() + kPrefix > capacity_ - used) return false;
    const auto size = static_cast<uint32_t>(message.size());
    const uint8_t prefix[kPrefix] = {static_cast<uint8_t>(size >> 24), static_cast<uint8_t>(size >> 16),
                                     static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
    put(put(head, prefix), message);
    // Sequentially consistent together with a consumer's "I sleep": either it sees the message, or the producer sees
    // that it sleeps.
    head_.store(head + kPrefix + message.size(), std::memory_order_seq_cst);
    return true;
  }

  /// For the producer: more than half of the room is taken.
  bool half_full() const {
    return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed) > capacity_ / 2;
  }
  bool empty() const { return head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_relaxed); }

  /// Moves messages with their lengths to the end of `out` until it has `most` octets or a little more; how many.
  size_t drain(std::string& out, size_t most) {
    const size_t head = head_.load(std::memory_order_acquire);
    size_t tail = tail_.load(std::memory_order_relaxed);
    size_t messages = 0;
    for (; tail != head && out.size() < most; ++messages) {
      uint8_t prefix[kPrefix];
      for (size_t i = 0; i < kPrefix; ++i) prefix[i] = octets_[(tail + i) & (capacity_ - 1)];
      const size_t size =
          kPrefix + (size_t{prefix[0]} << 24 | size_t{prefix[1]} << 16 | size_t{prefix[2]} << 8 | prefix[3]);
      const size_t offset = tail & (capacity_ - 1);
      const size_t first = std::min(size, capacity_ - offset);
      out.append(reinterpret_cast<const char*>(octets_.get()) + offset, first);
      out.append(reinterpret_cast<const char*>(octets_.get()), size - first);
      tail += size;
    }
    tail_.store(tail, std::memory_order_release);
    return messages;
  }

 private:
  size_t put(size_t at, std::span<const uint8_t> part) {
    if (part.empty()) return at;  // memcpy() takes no null pointers
    const size_t offset = at & (capacity_ - 1);
    const size_t first = std::min(part.size(), capacity_ - offset);
    std::memcpy(octets_.get() + offset, part.data(), first);
    std::memcpy(octets_.get(), part.data() + first, part.size() - first);
    return at + part.size();
  }

  const size_t capacity_;
  const std::unique_ptr<uint8_t[]> octets_;
  alignas(64) std::atomic<size_t> head_{0};  // written by the producer
  alignas(64) std::atomic<size_t> tail_{0};  // written by the consumer
};

}  // namespace portolan
