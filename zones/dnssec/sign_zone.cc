// One walk for the names of the chain, one for the records.
#include "zones/dnssec/sign_zone.h"

#include <algorithm>

#include "dns/rdata.h"
#include "zones/dnssec/nsec.h"

namespace portolan::zones {
namespace {

using dns::NameView;
using dns::OwnedRecord;
using dns::Record;
using dns::RRType;

// What the signer makes itself, and what an earlier signing left that no longer fits.
bool is_replaced(RRType type) {
  switch (type) {
    case RRType::rrsig:
    case RRType::nsec:
    case RRType::dnskey:
    case RRType::cds:
    case RRType::cdnskey:
    case RRType::nsec3param:
    case RRType::zonemd:
      return true;
    default:
      return false;
  }
}

std::string text_of(std::span<const uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

class ZoneSigner {
 public:
  ZoneSigner(const ZoneTree& zone, const ZoneSigning& how) : zone_(zone), how_(how), origin_(zone.origin()) {}

  Result<SignedZone> run() {
    const Record soa = zone_.record(zone_.soa(), 0);
    dns::Soa fields;
    dns::parse_soa(soa.rdata, fields);
    fields.serial = how_.serial;
    ttl_ = soa.ttl;
    denial_ttl_ = std::min(soa.ttl, fields.minimum);  // RFC 9077
    Arena arena;
    if (auto done =
            add_set({{dns::Name(origin_), RRType::soa, soa.cls, soa.ttl, text_of(dns::soa_rdata(fields, arena))}});
        done.has_error()) {
      return done.error();
    }
    if (zone_.ns().count > 0) {
      if (auto done = add_set(records_of(zone_.ns())); done.has_error()) return done.error();
    }
    if (auto done = add_keys(); done.has_error()) return done.error();
    const auto chain = names();
    for (size_t i = 0; i < chain.size(); ++i) {
      if (how_.stopped()) return fail("stopped");
      if (auto done = add_node(*chain[i], *chain[(i + 1) % chain.size()]); done.has_error()) return done.error();
    }
    add_rest();
    return {boost::system::in_place_value, std::move(out_)};
  }

 private:
  using Node = ZoneTree::Node;

  bool is_apex(const Node& node) const { return zone_.owner(node).equals(origin_); }
  bool is_inside(const Node& node) const { return zone_.owner(node).is_under(origin_); }
  bool keeps_records(const Node& node) const {
    const auto sets = zone_.rrsets(node);
    return std::any_of(sets.begin(), sets.end(), [](const auto& set) { return !is_replaced(set.type); });
  }

  // The owners of NSEC records, in canonical order: the apex, and what is authoritative.
  std::vector<const Node*> names() const {
    std::vector<const Node*> chain;
    for (const Node& node : zone_.nodes()) {
      if (is_apex(node) || (is_inside(node) && !node.below_cut && keeps_records(node))) chain.push_back(&node);
    }
    return chain;
  }

  std::vector<OwnedRecord> records_of(const ZoneTree::RRset& set) const {
    std::vector<OwnedRecord> records;
    for (unsigned i = 0; i < set.count; ++i) {
      const Record record = zone_.record(set, i);
      records.push_back({dns::Name(record.owner), record.type, record.cls, record.ttl, text_of(record.rdata)});
    }
    return records;
  }

  Result<void> add_keys() {
    std::vector<OwnedRecord> keys, digests, copies;
    const auto add = [&](std::vector<OwnedRecord>& to, RRType type, std::string rdata) {
      to.push_back({dns::Name(origin_), type, dns::RRClass::in, ttl_, std::move(rdata)});
    };
    for (const SigningKey& key : how_.keys->keys()) {
      add(keys, RRType::dnskey, text_of(key.dnskey()));
      if (how_.keys->split() && !key.is_ksk()) continue;  // the parent's DS are of key-signing keys (RFC 7344)
      add(digests, RRType::cds, ds_rdata(origin_, key.dnskey(), DsDigest::sha1));
      add(digests, RRType::cds, ds_rdata(origin_, key.dnskey(), DsDigest::sha256));
      add(copies, RRType::cdnskey, text_of(key.dnskey()));
    }
    for (auto* set : {&keys, &digests, &copies}) {
      if (auto done = add_set(std::move(*set)); done.has_error()) return done;
    }
    return {};
  }

  Result<void> add_node(const Node& node, const Node& next) {
    const bool apex = is_apex(node);
    const bool delegation = !apex && zone_.rrset(node, RRType::ns) != nullptr;
    std::vector<RRType> types = {RRType::rrsig, RRType::nsec};
    if (apex) types.insert(types.end(), {RRType::soa, RRType::dnskey, RRType::cds, RRType::cdnskey});
    if (apex && zone_.ns().count > 0) types.push_back(RRType::ns);
    for (const auto& set : zone_.rrsets(node)) {
      if (is_replaced(set.type)) continue;
      // At a delegation only the DS is this zone's; of its glue the child is the authority (RFC 4035 section 2.2).
      const bool ours = !delegation || set.type == RRType::ds;
      if (ours || set.type == RRType::ns) types.push_back(set.type);
      if (!ours) {
        add_plain(records_of(set));
      } else if (auto done = add_set(records_of(set)); done.has_error()) {
        return done;
      }
    }
    std::sort(types.begin(), types.end());
    return add_set({{dns::Name(zone_.owner(node)), RRType::nsec, dns::RRClass::in, denial_ttl_,
                     nsec_rdata(zone_.owner(next), types)}});
  }

  // Glue, and what a DNAME hides.
  void add_rest() {
    for (const Node& node : zone_.nodes()) {
      if (is_inside(node) && !node.below_cut) continue;
      for (const auto& set : zone_.rrsets(node)) {
        if (!is_inside(node)) {
          out_.outside += set.count;
        } else if (!is_replaced(set.type)) {
          add_plain(records_of(set));
        }
      }
    }
  }

  void add_plain(std::vector<OwnedRecord> set) { std::move(set.begin(), set.end(), std::back_inserter(out_.records)); }

  Result<void> add_set(std::vector<OwnedRecord> set) {
    std::vector<Record> views;
    views.reserve(set.size());
    for (const OwnedRecord& record : set) views.push_back(record.view());
    auto signatures = how_.keys->sign(views, origin_, set.front().ttl, how_.validity);
    if (signatures.has_error()) return signatures.error();
    const dns::Name owner = set.front().owner;
    const uint32_t ttl = set.front().ttl;
    add_plain(std::move(set));
    for (std::string& rdata : *signatures) {
      out_.records.push_back({owner, RRType::rrsig, dns::RRClass::in, ttl, std::move(rdata)});
    }
    return {};
  }

  const ZoneTree& zone_;
  const ZoneSigning& how_;
  const NameView origin_;
  uint32_t ttl_ = 0, denial_ttl_ = 0;
  SignedZone out_;
};

}  // namespace

Result<SignedZone> sign_zone(const ZoneTree& zone, const ZoneSigning& how) { return ZoneSigner(zone, how).run(); }

}  // namespace portolan::zones
