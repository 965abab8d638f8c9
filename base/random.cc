// Random numbers per thread: a block of kernel randomness for what must not be guessed, xoshiro256++ for the rest.
#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace portolan {
namespace {

// A thread's supply of unpredictable octets; each is handed out once and wiped.
class SecureBlock {
 public:
  template <class T>
  T take() {
    if (used_ + sizeof(T) > octets_.size()) refill();
    T value;
    std::memcpy(&value, octets_.data() + used_, sizeof value);
    std::memset(octets_.data() + used_, 0, sizeof value);
    used_ += sizeof value;
    return value;
  }

 private:
  void refill() {
    size_t filled = 0;
    while (filled < octets_.size()) {
      const ssize_t got = getrandom(octets_.data() + filled, octets_.size() - filled, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) std::abort();  // without randomness a resolver can be forged to; there is nothing to go on with
      filled += static_cast<size_t>(got);
    }
    used_ = 0;
  }

  std::array<std::byte, 512> octets_;
  size_t used_ = sizeof octets_;
};

thread_local SecureBlock secure_block;

// xoshiro256++ by Blackman and Vigna (public domain).
struct Xoshiro {
  uint64_t state[4];

  Xoshiro() {
    for (auto& word : state) word = secure_random64();
    state[0] |= 1;  // the state must not be all zeros
  }
  uint64_t next() {
    const uint64_t result = std::rotl(state[0] + state[3], 23) + state[0];
    const uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = std::rotl(state[3], 45);
    return result;
  }
};

}  // namespace

uint16_t secure_random16() { return secure_block.take<uint16_t>(); }
uint64_t secure_random64() { return secure_block.take<uint64_t>(); }

uint64_t fast_random64() {
  static thread_local Xoshiro generator;
  return generator.next();
}

}  // namespace portolan
