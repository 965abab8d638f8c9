// The queue between one thread that logs and the writer thread: a byte ring with one producer and one consumer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace portolan::log {

/// push() on the producer's thread, drain() on the consumer's; neither waits for the other.
class Queue {
 public:
  static constexpr size_t kCapacity = 128 * 1024;  // a power of two

  /// Appends the parts and a line end as one line; false, and nothing is appended, when there is no room.
  bool push(std::initializer_list<std::string_view> parts) {
    size_t size = 1;
    for (const auto part : parts) size += part.size();
    const size_t head = head_.load(std::memory_order_relaxed);
    if (size > kCapacity - (head - tail_.load(std::memory_order_acquire))) return false;
    size_t at = head;
    for (const auto part : parts) at = put(at, part);
    at = put(at, "\n");
    // Sequentially consistent together with the writer's "I sleep": either it sees the line, or we see that it sleeps.
    head_.store(at, std::memory_order_seq_cst);
    return true;
  }

  bool empty() const { return head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_relaxed); }

  /// Moves all lines to the end of `out`.
  void drain(std::string& out) {
    const size_t head = head_.load(std::memory_order_acquire);
    size_t tail = tail_.load(std::memory_order_relaxed);
    while (tail != head) {
      const size_t offset = tail % kCapacity;
      const size_t run = std::min(head - tail, kCapacity - offset);
      out.append(octets_.data() + offset, run);
      tail += run;
    }
    tail_.store(tail, std::memory_order_release);
  }

 private:
  size_t put(size_t at, std::string_view part) {
    if (part.empty()) return at;  // memcpy() takes no null pointers
    const size_t offset = at % kCapacity;
    const size_t first = std::min(part.size(), kCapacity - offset);
    std::memcpy(octets_.data() + offset, part.data(), first);
    std::memcpy(octets_.data(), part.data() + first, part.size() - first);
    return at + part.size();
  }

  alignas(64) std::atomic<size_t> head_{0};  // written by the producer
  alignas(64) std::atomic<size_t> tail_{0};  // written by the consumer
  std::array<char, kCapacity> octets_;
};

}  // namespace portolan::log
