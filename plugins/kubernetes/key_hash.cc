// SipHash-1-3 (Aumasson and Bernstein, 2012), a word at a time.
#include "plugins/kubernetes/key_hash.h"

#include <bit>
#include <cstring>

#include "base/random.h"

namespace portolan::kubernetes {
namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(uint64_t word) {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

const HashKey kKey = HashKey::make();

}  // namespace

HashKey HashKey::make() {
  const uint64_t low = secure_random64();
  return {low, secure_random64()};
}

uint64_t key_hash(std::span<const uint8_t> octets) { return key_hash(kKey, octets); }

uint64_t key_hash(const HashKey& key, std::span<const uint8_t> octets) {
  State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d, key.low ^ 0x6c7967656e657261,
              key.high ^ 0x7465646279746573};
  const uint8_t* at = octets.data();
  size_t left = octets.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    state.take(word);
  }
  uint64_t last = uint64_t{octets.size()} << 56;
  if (left) {
    uint64_t tail = 0;
    std::memcpy(&tail, at, left);
    last |= tail;
  }
  state.take(last);
  state.v2 ^= 0xff;
  state.round();
  state.round();
  state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace portolan::kubernetes
