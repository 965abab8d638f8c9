// Blocks of arenas and their free list, one a thread.
#include "base/arena.h"

#include <algorithm>
#include <new>

namespace portolan {

struct Arena::Block {
  Block* next;
  size_t size;  // octets that follow
  std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
};

namespace {

constexpr size_t kBlock = 2048;        // what most queries need in all
constexpr unsigned kKeptBlocks = 256;  // per thread, beside those that arenas keep

struct Kept {
  void* head = nullptr;
  unsigned count = 0;
  ~Kept() {
    while (head) ::operator delete(std::exchange(head, *static_cast<void**>(head)));
  }
};

thread_local Kept kept;

}  // namespace

void* Arena::allocate_slow(size_t size, size_t align) {
  const size_t need = size + align;
  Block* block = nullptr;
  if (need <= kBlock && kept.head) {
    block = static_cast<Block*>(std::exchange(kept.head, *static_cast<void**>(kept.head)));
    --kept.count;
    block->size = kBlock;
  } else {
    const size_t room = std::max(need, kBlock);
    block = static_cast<Block*>(::operator new(sizeof(Block) + room));
    block->size = room;
  }
  block->next = blocks_;
  blocks_ = block;
  cursor_ = block->data();
  end_ = block->data() + block->size;
  return allocate(size, align);
}

void Arena::drop_newest() {
  Block* block = std::exchange(blocks_, blocks_->next);
  if (block->size == kBlock && kept.count < kKeptBlocks) {
    *reinterpret_cast<void**>(block) = kept.head;
    kept.head = block;
    ++kept.count;
  } else {
    ::operator delete(block);
  }
}

Arena::~Arena() {
  while (blocks_) drop_newest();
}

void Arena::reset() {
  while (blocks_ && (blocks_->next || blocks_->size != kBlock)) drop_newest();
  cursor_ = blocks_ ? blocks_->data() : nullptr;
  end_ = blocks_ ? cursor_ + kBlock : nullptr;
}

}  // namespace portolan
