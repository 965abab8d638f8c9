// Where names of a message under construction were written (RFC 1035 section 4.1.4), so that later ones can point
// there. Lives on the stack of one encode() call. As in miekg/dns suffixes match only with the same case: a name keeps
// its case, and the same records survive truncation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/name.h"

namespace portolan::dns {

constexpr size_t kPointerReach = 0x4000;  // pointers have 14 bits

/// Offsets of suffixes by their hash. Starts small; most messages never leave the small table.
class CompressionTable {
 public:
  /// Must be called before anything else. Not done by the constructor: most messages need no table at all.
  void clear() { small_.fill({0, 0}); }
  /// Offset of `suffix` in `message`, 0 when it is not there.
  uint16_t find(uint16_t hash, NameView suffix, const uint8_t* message) const;
  /// `offset` is below kPointerReach. When the large table is full too, the suffix is not remembered.
  void insert(uint16_t hash, uint16_t offset);

 private:
  struct Slot {
    uint16_t offset;  // 0: free
    uint16_t hash;
  };
  static constexpr uint32_t kSmall = 64;
  static constexpr uint32_t kLarge = 8192;

  void grow();
  void place(uint16_t hash, uint16_t offset);

  std::array<Slot, kSmall> small_;
  std::array<Slot, kLarge> large_;  // without initial value until it is needed
  Slot* slots_ = small_.data();
  uint32_t mask_ = kSmall - 1;
  uint32_t count_ = 0;
};

/// The labels of a name, and a hash of the suffix that begins at each, case included.
struct SuffixHashes {
  unsigned count = 0;
  std::array<uint8_t, kMaxName / 2 + 1> offsets;
  std::array<uint16_t, kMaxName / 2 + 1> hashes;

  explicit SuffixHashes(NameView name);
};

}  // namespace portolan::dns
