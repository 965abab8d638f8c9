// The hash of the index's keys: SipHash-1-3 with a key of this process, because names and addresses in a cluster are
// chosen by its users and must not be choosable to collide.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace portolan::kubernetes {

struct HashKey {
  uint64_t low, high;
  /// Drawn at random.
  static HashKey make();
  bool operator==(const HashKey&) const = default;
};

/// The hash under a key of its own, for what has to be the same in another process.
uint64_t key_hash(const HashKey& key, std::span<const uint8_t> octets);
/// Same octets, same hash, for the life of the process.
uint64_t key_hash(std::span<const uint8_t> octets);

inline uint64_t key_hash(std::string_view text) {
  return key_hash(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace portolan::kubernetes
