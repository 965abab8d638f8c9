// Building and searching the ranges, the same way for both families.
#include "plugins/acl/address_set.h"

#include <algorithm>

namespace portolan::acl {
namespace {

constexpr unsigned kMapped = 96;  // bits of ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)

template <class Key>
Key number_of(const IpAddress& address) {
  Key number = 0;
  for (const uint8_t octet : address.octets()) number = static_cast<Key>(number << 8 | octet);
  return number;
}

/// The bits behind a prefix of `length`, all set.
template <class Key>
Key host_bits(unsigned length) {
  return length == 0 ? ~Key{0} : (Key{1} << (8 * sizeof(Key) - length)) - 1;
}

}  // namespace

AddressSet::AddressSet(std::span<const IpPrefix> nets) {
  for (const IpPrefix& net : nets) {
    const bool mapped = net.address.is_v4_mapped() && net.length >= kMapped;
    if (net.address.is_v4() || mapped) {
      const unsigned length = mapped ? net.length - kMapped : net.length;
      const auto first = number_of<uint32_t>(net.address.unmapped());
      v4_.push_back({first, first | host_bits<uint32_t>(length)});
    } else {
      const auto first = number_of<Number>(net.address);
      v6_.push_back({first, first | host_bits<Number>(net.length)});
    }
  }
  join(v4_);
  join(v6_);
}

AddressSet AddressSet::everything() {
  AddressSet set;
  set.everything_ = true;
  return set;
}

void AddressSet::add(std::span<const AddressSet> others) {
  for (const AddressSet& other : others) {
    everything_ = everything_ || other.everything_;
    v4_.insert(v4_.end(), other.v4_.begin(), other.v4_.end());
    v6_.insert(v6_.end(), other.v6_.begin(), other.v6_.end());
  }
  join(v4_);
  join(v6_);
}

bool AddressSet::contains(const IpAddress& address) const {
  if (everything_) return true;
  const IpAddress plain = address.unmapped();
  return plain.is_v4() ? within(v4_, number_of<uint32_t>(plain)) : within(v6_, number_of<Number>(plain));
}

// Sorts, and makes one of ranges that overlap or follow each other without a gap.
template <class Key>
void AddressSet::join(std::vector<Range<Key>>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  size_t kept = 0;
  for (const Range<Key>& range : ranges) {
    if (kept > 0 && (range.first <= ranges[kept - 1].last || range.first - 1 == ranges[kept - 1].last)) {
      ranges[kept - 1].last = std::max(ranges[kept - 1].last, range.last);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
  ranges.shrink_to_fit();
}

template <class Key>
bool AddressSet::within(const std::vector<Range<Key>>& ranges, Key key) {
  const auto behind = std::upper_bound(ranges.begin(), ranges.end(), key,
                                       [](Key wanted, const Range<Key>& range) { return wanted < range.first; });
  return behind != ranges.begin() && key <= std::prev(behind)->last;
}

}  // namespace portolan::acl
