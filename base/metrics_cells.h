// The memory behind metrics: cells that only their thread writes, and the sums over all threads.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace portolan::metrics {

constexpr uint32_t kChunkCells = 4096;
constexpr uint32_t kMostChunks = 1024;  // 4 million cells

using Chunk = std::array<std::atomic<uint64_t>, kChunkCells>;

/// The cells of one thread, in chunks that are made when first written and never move. Read by any thread.
class Slab {
 public:
  /// Only by the thread that has the slab.
  std::atomic<uint64_t>& cell(uint32_t index) {
    Chunk* chunk = chunks_[index / kChunkCells].load(std::memory_order_relaxed);
    if (chunk == nullptr) [[unlikely]]
      chunk = add_chunk(index / kChunkCells);
    return (*chunk)[index % kChunkCells];
  }
  uint64_t read(uint32_t index) const {
    const Chunk* chunk = chunks_[index / kChunkCells].load(std::memory_order_acquire);
    return chunk ? (*chunk)[index % kChunkCells].load(std::memory_order_relaxed) : 0;
  }

 private:
  Chunk* add_chunk(uint32_t index);
  std::array<std::atomic<Chunk*>, kMostChunks> chunks_{};
};

/// All slabs. A slab outlives its thread with its counts, and the next thread goes on counting in it.
class Slabs {
 public:
  static Slabs& instance();

  /// `count` new cells in a row, in one chunk. Cell 0 is nobody's: what default-made handles count into.
  uint32_t allocate(uint32_t count);
  uint64_t sum(uint32_t cell);
  double sum_of_doubles(uint32_t cell);

  Slab* borrow();
  void give_back(Slab* slab);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<Slab*> free_;
  uint32_t next_cell_ = 1;
};

/// Gauges are shared and rarely written: plain atomics that never move.
class GaugeSlots {
 public:
  static GaugeSlots& instance();
  std::atomic<double>& operator[](uint32_t slot) {
    return (*chunks_[slot / kSlots].load(std::memory_order_acquire))[slot % kSlots];
  }
  /// A new slot, 0. Slot 0 is nobody's. One caller at a time.
  uint32_t allocate();

 private:
  GaugeSlots();
  static constexpr uint32_t kSlots = 256;
  std::array<std::atomic<std::array<std::atomic<double>, kSlots>*>, 1024> chunks_{};
  uint32_t next_slot_ = 0;
};

// Beside its owner, since reading a plain pointer needs no check whether a thread-local object was made.
extern constinit thread_local Slab* slab_of_thread;
Slab& borrow_for_thread();

/// The calling thread's slab.
inline Slab& thread_slab() {
  if (slab_of_thread != nullptr) [[likely]]
    return *slab_of_thread;
  return borrow_for_thread();
}

}  // namespace portolan::metrics
