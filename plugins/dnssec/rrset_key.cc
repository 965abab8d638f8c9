// Two lanes of multiplications, each with a secret of its own. Records are added up, so that their order is nothing.
#include "plugins/dnssec/rrset_key.h"

#include <array>

#include "dns/fold.h"
#include "dns/hash_key.h"

namespace portolan::dnssec {
namespace {

using dns::kHashKey;
using dns::mix;

// The secret of the second lane: of the same 128 bits, and nothing that the first one shows.
uint64_t other_secret() { return (kHashKey.first << 31 | kHashKey.first >> 33) ^ 0x9e3779b97f4a7c15; }

void take(RRsetKey& state, uint64_t low, uint64_t high) {
  state.first = mix(low ^ kHashKey.second, high ^ state.first);
  state.second = mix(high ^ other_secret(), low ^ state.second);
}

}  // namespace

RRsetKey hash_octets(std::span<const uint8_t> octets) {
  RRsetKey state{kHashKey.first ^ octets.size(), kHashKey.second + octets.size()};
  const uint8_t* at = octets.data();
  size_t left = octets.size();
  for (; left >= 16; at += 16, left -= 16) take(state, dns::load8(at), dns::load8(at + 8));
  if (left >= 8) {
    take(state, dns::load8(at), dns::load8(at + left - 8));
  } else if (left > 0) {
    take(state, dns::load_short(at, left), left);
  }
  take(state, kHashKey.first, octets.size());
  return state;
}

RRsetKey hash_name(dns::NameView name) {
  std::array<uint8_t, dns::kMaxName> lower;
  dns::copy_lower(lower.data(), name.data(), name.size());
  return hash_octets({lower.data(), name.size()});
}

RRsetHash::RRsetHash(const dns::Record& first, const RRsetKey& signer) : head_(hash_name(first.owner)) {
  take(head_, static_cast<uint64_t>(first.type) << 16 | static_cast<uint16_t>(first.cls), signer.first);
  take(head_, signer.second, head_.second);
}

void RRsetHash::add(const dns::Record& record) {
  const RRsetKey one = hash_octets(record.rdata);
  sum_.first += one.first;
  sum_.second += one.second;
}

RRsetKey RRsetHash::key() const {
  RRsetKey all = head_;
  take(all, sum_.first, sum_.second);
  take(all, sum_.second, head_.first);
  return all;
}

}  // namespace portolan::dnssec
