// Reading a zone's tree.
#include "zones/zone_tree.h"

#include <algorithm>

namespace portolan::zones {

using dns::NameView;

const ZoneTree::Node* ZoneTree::find(NameView name) const {
  if (index_.empty()) return nullptr;
  const size_t mask = index_.size() - 1;
  for (size_t at = name.hash() & mask; index_[at] != 0; at = (at + 1) & mask) {
    const Node& node = nodes_[index_[at] - 1];
    if (node.owner_size == name.size() && owner(node).equals(name)) return &node;
  }
  return nullptr;
}

const ZoneTree::Node* ZoneTree::at_or_before(NameView name) const {
  auto behind = std::upper_bound(nodes_.begin(), nodes_.end(), name,
                                 [this](NameView wanted, const Node& node) { return wanted.compare(owner(node)) < 0; });
  while (behind != nodes_.begin()) {
    --behind;
    if (behind->holds_records() && !behind->below_cut) return &*behind;
  }
  return nullptr;
}

const ZoneTree::RRset* ZoneTree::rrset(const Node& node, dns::RRType type) const {
  for (const RRset& set : rrsets(node)) {
    if (set.type == type) return &set;
  }
  return nullptr;
}

const ZoneTree::Hashed* ZoneTree::hashed(const Nsec3Hash& hash) const {
  const auto found =
      std::lower_bound(chain_.begin(), chain_.end(), hash,
                       [this](uint32_t each, const Nsec3Hash& wanted) { return hashed_[each].hash < wanted; });
  return found != chain_.end() && hashed_[*found].hash == hash ? &hashed_[*found] : nullptr;
}

const ZoneTree::Hashed* ZoneTree::covering(const Nsec3Hash& hash) const {
  if (chain_.empty()) return nullptr;
  const auto behind =
      std::upper_bound(chain_.begin(), chain_.end(), hash,
                       [this](const Nsec3Hash& wanted, uint32_t each) { return wanted < hashed_[each].hash; });
  return &hashed_[behind == chain_.begin() ? chain_.back() : behind[-1]];  // the last one's next is the first
}

const ZoneTree::Hashed* ZoneTree::hashed_owner(NameView name) const {
  const auto found =
      std::lower_bound(hashed_.begin(), hashed_.end(), name,
                       [this](const Hashed& each, NameView wanted) { return owner(each).compare(wanted) < 0; });
  return found != hashed_.end() && owner(*found).equals(name) ? &*found : nullptr;
}

dns::Record ZoneTree::record(const RRset& set, unsigned index) const {
  const Slot& slot = records_[set.first + index];
  return {owner(set), set.type, dns::RRClass::in, slot.ttl, {octets_.data() + slot.rdata, slot.size}};
}

std::span<const uint8_t> ZoneTree::rdata(const RRset& set) const {
  if (set.count == 0) return {};
  const Slot& first = records_[set.first];
  const Slot& last = records_[set.first + set.count - 1];
  return {octets_.data() + first.rdata, size_t{last.rdata} + last.size - first.rdata};
}

void ZoneTree::make_index() {
  size_t size = 8;
  while (size < nodes_.size() * 2) size *= 2;
  index_.assign(size, 0);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    size_t at = owner(nodes_[i]).hash() & (size - 1);
    while (index_[at] != 0) at = (at + 1) & (size - 1);
    index_[at] = static_cast<uint32_t>(i + 1);
  }
}

}  // namespace portolan::zones
