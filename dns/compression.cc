// An open-addressed table of suffixes; the names themselves are compared in the message.
#include "dns/compression.h"

#include "dns/fold.h"
#include "dns/hash_key.h"

namespace portolan::dns {
namespace {

/// True when the name at `offset`, which may end in pointers, is `name`.
bool written_name_is(const uint8_t* message, size_t offset, NameView name) {
  const uint8_t* wanted = name.data();
  for (;;) {
    const uint8_t length = message[offset];
    if (length >= 0xc0) {
      offset = static_cast<size_t>(length & 0x3f) << 8 | message[offset + 1];
      continue;
    }
    if (length != *wanted) return false;
    if (length == 0) return true;
    if (std::memcmp(message + offset, wanted, length + 1U) != 0) return false;
    offset += length + 1U;
    wanted += length + 1U;
  }
}

uint64_t hash_label(const uint8_t* label, uint64_t state) {
  size_t left = label[0] + 1U;
  for (; left > 7; label += 8, left -= 8) state = mix(load8(label) ^ state, kHashKey.second | 1);
  if (left != 0) state = mix(load_short(label, left) ^ state, kHashKey.second | 1);
  return state;
}

}  // namespace

uint16_t CompressionTable::find(uint16_t hash, NameView suffix, const uint8_t* message) const {
  for (uint32_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Slot slot = slots_[at];
    if (slot.offset == 0) return 0;
    if (slot.hash == hash && written_name_is(message, slot.offset, suffix)) return slot.offset;
  }
}

void CompressionTable::insert(uint16_t hash, uint16_t offset) {
  if (count_ >= (mask_ + 1) / 4 * 3) {
    if (mask_ == kLarge - 1) return;
    grow();
  }
  ++count_;
  place(hash, offset);
}

void CompressionTable::place(uint16_t hash, uint16_t offset) {
  uint32_t at = hash & mask_;
  while (slots_[at].offset != 0) at = (at + 1) & mask_;
  slots_[at] = {offset, hash};
}

void CompressionTable::grow() {
  large_.fill({0, 0});
  slots_ = large_.data();
  mask_ = kLarge - 1;
  for (const Slot slot : small_) {
    if (slot.offset != 0) place(slot.hash, slot.offset);
  }
}

SuffixHashes::SuffixHashes(NameView name) {
  for (unsigned at = 0; name.data()[at] != 0; at += name.data()[at] + 1U) offsets[count++] = static_cast<uint8_t>(at);
  uint64_t state = kHashKey.first;
  for (unsigned i = count; i-- != 0;) {
    state = hash_label(name.data() + offsets[i], state);
    hashes[i] = static_cast<uint16_t>(state >> 48);
  }
}

}  // namespace portolan::dns
