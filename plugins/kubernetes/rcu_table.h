// A hash table of pointers with one writer and wait-free readers: open addressing over atomic slots. Nodes are
// unchanging and replaced as a whole; readers follow pointers they find inside their ReadGuard.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <new>

#include "plugins/kubernetes/retired.h"

namespace portolan::kubernetes {

/// `Node` has a member `uint64_t hash`, a function `size_t octets() const`, is trivially destructible and comes from
/// ::operator new. find() and each() are for any thread; everything else for the writer alone. The destructor frees the
/// slots, not the nodes.
template <class Node>
class RcuTable {
 public:
  RcuTable() : slots_(make(kSmallest)) {}
  RcuTable(const RcuTable&) = delete;
  RcuTable& operator=(const RcuTable&) = delete;
  ~RcuTable() { ::operator delete(slots_.load(std::memory_order_relaxed)); }

  /// The node with this hash for which `equal(node)` holds, or null.
  template <class Equal>
  const Node* find(uint64_t hash, Equal equal) const {
    return locate(hash, equal).node;
  }

  /// Puts `node` in the place of the one that `equal` finds, or in a new one.
  template <class Equal>
  void put(Node* node, Equal equal, Retired& retired) {
    if (const Place place = locate(node->hash, equal); place.node) {
      place.slot->store(node, std::memory_order_release);
      retired.add(place.node, place.node->octets());
      return;
    }
    grow_for_one(retired);
    insert(*slots_.load(std::memory_order_relaxed), node);
    ++used_;
    ++live_;
  }

  template <class Equal>
  void erase(uint64_t hash, Equal equal, Retired& retired) {
    const Place place = locate(hash, equal);
    if (!place.node) return;
    place.slot->store(gone(), std::memory_order_release);
    --live_;
    retired.add(place.node, place.node->octets());
  }

  size_t size() const { return live_; }

  /// What is put or erased meanwhile may be visited or not.
  template <class Visit>
  void each(Visit visit) const {
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    for (uint32_t i = 0; i <= slots.mask; ++i) {
      Node* node = slots.at(i).load(std::memory_order_acquire);
      if (node && node != gone()) visit(node);
    }
  }

 private:
  static constexpr uint32_t kSmallest = 16;

  struct alignas(std::atomic<Node*>) Slots {
    uint32_t mask;
    std::atomic<Node*>& at(uint32_t index) const {
      return reinterpret_cast<std::atomic<Node*>*>(const_cast<Slots*>(this) + 1)[index];
    }
  };
  static_assert(sizeof(std::atomic<Node*>) == sizeof(void*) && sizeof(Slots) == sizeof(void*));

  struct Place {
    std::atomic<Node*>* slot = nullptr;
    Node* node = nullptr;  // what was in the slot when it was looked at
  };

  // A place that was taken once: searches go on behind it.
  static Node* gone() { return reinterpret_cast<Node*>(uintptr_t{1}); }
  static size_t octets(uint32_t capacity) { return sizeof(Slots) + capacity * sizeof(std::atomic<Node*>); }

  static Slots* make(uint32_t capacity) {
    auto* slots = new (::operator new(octets(capacity))) Slots{capacity - 1};
    for (uint32_t i = 0; i < capacity; ++i) new (&slots->at(i)) std::atomic<Node*>(nullptr);
    return slots;
  }

  template <class Equal>
  Place locate(uint64_t hash, Equal equal) const {
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    for (auto i = static_cast<uint32_t>(hash) & slots.mask;; i = (i + 1) & slots.mask) {
      Node* node = slots.at(i).load(std::memory_order_acquire);
      if (node == nullptr) return {};
      if (node != gone() && node->hash == hash && equal(*node)) return {&slots.at(i), node};
    }
  }

  static void insert(const Slots& slots, Node* node) {
    auto i = static_cast<uint32_t>(node->hash) & slots.mask;
    while (slots.at(i).load(std::memory_order_relaxed) != nullptr) i = (i + 1) & slots.mask;
    slots.at(i).store(node, std::memory_order_release);
  }

  // At most three quarters are taken, places of the gone included; a new array has none of these.
  void grow_for_one(Retired& retired) {
    Slots* old = slots_.load(std::memory_order_relaxed);
    const uint32_t capacity = old->mask + 1;
    if ((used_ + 1) * 4 <= size_t{capacity} * 3) return;
    const auto wanted = static_cast<uint32_t>(std::bit_ceil((live_ + 1) * 2));
    Slots* fresh = make(wanted < kSmallest ? kSmallest : wanted);
    each([&](Node* node) { insert(*fresh, node); });
    slots_.store(fresh, std::memory_order_release);
    used_ = live_;
    retired.add(old, octets(capacity));
  }

  std::atomic<Slots*> slots_;
  size_t used_ = 0;  // with the gone
  size_t live_ = 0;
};

}  // namespace portolan::kubernetes
