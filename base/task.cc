// The free lists of coroutine frames, one set a thread.
#include "base/task.h"

#include <array>
#include <new>

namespace portolan {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 32;  // frames up to 2 KiB are kept

struct FreeFrame {
  FreeFrame* next;
};

struct FreeLists {
  std::array<FreeFrame*, kClasses> heads{};
  ~FreeLists() {
    for (FreeFrame* head : heads) {
      while (head) ::operator delete(std::exchange(head, head->next));
    }
  }
};

thread_local FreeLists free_lists;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t cls = (size - 1) / kStep;
  if (cls >= kClasses) return ::operator new(size);
  FreeFrame*& head = free_lists.heads[cls];
  if (head) return std::exchange(head, head->next);
  return ::operator new((cls + 1) * kStep);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t cls = (size - 1) / kStep;
  if (cls >= kClasses) return ::operator delete(frame);
  FreeFrame*& head = free_lists.heads[cls];
  head = new (frame) FreeFrame{head};
}

Detached detach(Task<void> task) { co_await task; }

}  // namespace portolan
