// PTR: the name of a service by its cluster address, or else those of endpoints (RFC 1035 section 3.5, RFC 3596
// section 2.5).
#include "dns/rdata.h"
#include "plugins/kubernetes/answers.h"

namespace portolan::kubernetes {

// CoreDNS takes groups of four nibbles from the top and ignores up to three labels in front of a full IPv6 name.
bool address_of_full_reverse(dns::NameView lower, IpAddress& address) {
  constexpr unsigned kFull = 34;
  const unsigned labels = lower.label_count();
  const bool surplus = labels > kFull && labels < kFull + 4;
  if (!dns::address_of_reverse(surplus ? lower.suffix(kFull) : lower, address)) return false;
  if (surplus && address.is_v4()) return false;
  address = address.unmapped();
  return true;
}

Found add_reverse(const Context& context, dns::NameView lower, dns::NameView owner, Records& out) {
  IpAddress address;
  if (!address_of_full_reverse(lower, address)) return Found::nothing;
  const ReverseNode* const node = context.index.names_of(address);
  if (!node) return Found::no_name;
  const Settings& settings = context.settings;
  const size_t before = out.size();
  node->each([&](const ReverseNode::Target& target) {
    const size_t space_at = static_cast<uint8_t>(target.key[0]) + 1u;
    const auto space = target.key.substr(space_at + 1, static_cast<uint8_t>(target.key[space_at]));
    if (!settings.namespaces.empty() && exposure(settings, context.index, space) != Exposure::shown) return true;
    const dns::NameView name = under(context, target.labels, settings.primary);
    if (!name.is_root()) out.push_back({owner, dns::RRType::ptr, dns::RRClass::in, settings.ttl, name.wire()});
    return target.endpoint;  // one service is enough
  });
  return out.size() > before ? Found::records : Found::no_name;
}

}  // namespace portolan::kubernetes
