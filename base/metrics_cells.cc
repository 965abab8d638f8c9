// Slabs of cells: who has which, and what they add up to.
#include "base/metrics_cells.h"

#include <cstdlib>

namespace portolan::metrics {

constinit thread_local Slab* slab_of_thread = nullptr;

namespace {

thread_local bool thread_ended = false;

struct Loan {
  Loan() { slab_of_thread = Slabs::instance().borrow(); }
  ~Loan() {
    Slabs::instance().give_back(slab_of_thread);
    slab_of_thread = nullptr;
    thread_ended = true;
  }
};

}  // namespace

Slab& borrow_for_thread() {
  if (thread_ended) {
    // Destructors of other thread-local objects that count: this slab is not given back, which is rare and harmless.
    slab_of_thread = Slabs::instance().borrow();
    return *slab_of_thread;
  }
  static thread_local Loan loan;
  return *slab_of_thread;
}

Chunk* Slab::add_chunk(uint32_t index) {
  auto* chunk = new Chunk{};
  chunks_[index].store(chunk, std::memory_order_release);
  return chunk;
}

Slabs& Slabs::instance() {
  static Slabs* const slabs = new Slabs;
  return *slabs;
}

uint32_t Slabs::allocate(uint32_t count) {
  std::lock_guard lock(mutex_);
  if (next_cell_ % kChunkCells + count > kChunkCells) next_cell_ += kChunkCells - next_cell_ % kChunkCells;
  const uint32_t first = next_cell_;
  if (first + count > kMostChunks * kChunkCells) std::abort();  // millions of label values: a bug
  next_cell_ += count;
  return first;
}

uint64_t Slabs::sum(uint32_t cell) {
  std::lock_guard lock(mutex_);
  uint64_t total = 0;
  for (const auto& slab : slabs_) total += slab->read(cell);
  return total;
}

double Slabs::sum_of_doubles(uint32_t cell) {
  std::lock_guard lock(mutex_);
  double total = 0;
  for (const auto& slab : slabs_) total += std::bit_cast<double>(slab->read(cell));
  return total;
}

Slab* Slabs::borrow() {
  std::lock_guard lock(mutex_);
  if (!free_.empty()) {
    Slab* slab = free_.back();
    free_.pop_back();
    return slab;
  }
  slabs_.push_back(std::make_unique<Slab>());
  return slabs_.back().get();
}

void Slabs::give_back(Slab* slab) {
  std::lock_guard lock(mutex_);
  free_.push_back(slab);
}

GaugeSlots::GaugeSlots() { allocate(); }

GaugeSlots& GaugeSlots::instance() {
  static GaugeSlots* const slots = new GaugeSlots;
  return *slots;
}

uint32_t GaugeSlots::allocate() {
  const uint32_t slot = next_slot_++;
  if (slot / kSlots >= chunks_.size()) std::abort();
  if (slot % kSlots == 0) {
    chunks_[slot / kSlots].store(new std::array<std::atomic<double>, kSlots>{}, std::memory_order_release);
  }
  return slot;
}

}  // namespace portolan::metrics
