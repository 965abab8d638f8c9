// Sleeping and waking of the consumer.
#include "plugins/common/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <system_error>

namespace portolan {
namespace {

constexpr size_t kSmallestRing = 256 * 1024;  // takes several of the longest messages

}  // namespace

Mailbox::Mailbox(size_t workers, size_t capacity) : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  const size_t each = std::bit_ceil(std::max(kSmallestRing, capacity / std::max<size_t>(workers, 1)));
  for (size_t i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>(each));
}

Mailbox::~Mailbox() { close(event_); }

size_t Mailbox::drain(std::string& out, size_t most) {
  size_t messages = 0;
  for (const auto& slot : slots_) messages += slot->ring.drain(out, out.size() + std::min(most, SIZE_MAX - out.size()));
  return messages;
}

bool Mailbox::may_sleep() {
  sleeping_.store(true, std::memory_order_seq_cst);
  for (const auto& slot : slots_) {
    if (slot->ring.empty()) continue;
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  return true;
}

void Mailbox::awake() {
  sleeping_.store(false, std::memory_order_relaxed);
  uint64_t count = 0;
  while (read(event_, &count, sizeof count) > 0) {
  }
}

// Several workers may find the consumer asleep at once; the first one to say so makes the call.
void Mailbox::wake() {
  sleeping_.store(false, std::memory_order_relaxed);
  const uint64_t one = 1;
  (void)!write(event_, &one, sizeof one);
}

}  // namespace portolan
