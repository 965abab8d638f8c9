// Arena: memory of one query. Allocation bumps a pointer; everything is let go at once when the query ends. Blocks come
// from a free list of their thread, so a warm server allocates nothing from the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace portolan {

/// Owned by one query, used by one thread. What lies in it must be trivially destructible.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  void* allocate(size_t size, size_t align = alignof(std::max_align_t)) {
    auto at = (reinterpret_cast<uintptr_t>(cursor_) + align - 1) & ~(align - 1);
    if (cursor_ == nullptr || at + size > reinterpret_cast<uintptr_t>(end_)) return allocate_slow(size, align);
    cursor_ = reinterpret_cast<std::byte*>(at + size);
    return reinterpret_cast<void*>(at);
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }
  template <class T>
  std::span<T> array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(allocate(sizeof(T) * count, alignof(T))), count};
  }
  std::span<uint8_t> bytes(size_t count) { return {static_cast<uint8_t*>(allocate(count, 1)), count}; }
  std::span<const uint8_t> copy(std::span<const uint8_t> from) {
    auto to = bytes(from.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
    return to;
  }
  std::string_view copy(std::string_view from) {
    auto to = bytes(from.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
    return {reinterpret_cast<const char*>(to.data()), to.size()};
  }

  /// Lets everything go but one block of the common size, for the next query; others of that size return to the free
  /// list of the thread.
  void reset();

 private:
  struct Block;
  void* allocate_slow(size_t size, size_t align);
  void drop_newest();

  std::byte* cursor_ = nullptr;
  std::byte* end_ = nullptr;
  Block* blocks_ = nullptr;  // newest first
};

/// A growing array in an arena, for trivially copyable values.
template <class T>
class ArenaVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit ArenaVector(Arena& arena) : arena_(&arena) {}

  void push_back(const T& value) {
    if (size_ == capacity_) grow();
    data_[size_++] = value;
  }
  void clear() { size_ = 0; }
  void resize_down(size_t size) { size_ = static_cast<uint32_t>(size); }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t index) { return data_[index]; }
  const T& operator[](size_t index) const { return data_[index]; }
  T& back() { return data_[size_ - 1]; }
  operator std::span<const T>() const { return {data_, size_}; }
  /// Forgets the storage too: to be called when the arena has been reset.
  void rebind(Arena& arena) { *this = ArenaVector(arena); }

 private:
  void grow() {
    const uint32_t capacity = capacity_ ? capacity_ * 2 : 4;
    T* data = arena_->array<T>(capacity).data();
    if (size_) std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
    data_ = data;
    capacity_ = capacity;
  }

  Arena* arena_;
  T* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace portolan
