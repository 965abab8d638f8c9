// The SIMPLE scheme (RFC 8976 section 3.3.1): every record once, in canonical order and form, through a hash.
#include "zones/zonemd.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "dns/rdata.h"
#include "dns/reader.h"
#include "zones/canonical.h"

namespace portolan::zones {
namespace {

using dns::NameView;
using dns::RRType;
using Octets = std::vector<uint8_t>;

struct Digest {
  uint32_t serial;
  uint8_t scheme, algorithm;
  std::span<const uint8_t> value;
};

constexpr uint8_t kSimple = 1;

const EVP_MD* hash_of(const Digest& digest) {
  if (digest.scheme != kSimple) return nullptr;
  return digest.algorithm == 1 ? EVP_sha384() : digest.algorithm == 2 ? EVP_sha512() : nullptr;
}

/// One hash over the zone.
class Hashing {
 public:
  explicit Hashing(const EVP_MD* kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), kind, nullptr);
  }

  void add(const dns::Record& record, const std::string& rdata) {
    octets_.clear();
    for (const uint8_t octet : record.owner.wire()) octets_.push_back(dns::kLower[octet]);
    put(static_cast<uint16_t>(record.type), 2);
    put(static_cast<uint16_t>(record.cls), 2);
    put(record.ttl, 4);
    put(static_cast<uint32_t>(rdata.size()), 2);
    EVP_DigestUpdate(context_.get(), octets_.data(), octets_.size());
    EVP_DigestUpdate(context_.get(), rdata.data(), rdata.size());
  }

  Octets finish() {
    Octets value(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), value.data(), &size);
    value.resize(size);
    return value;
  }

 private:
  void put(uint32_t value, unsigned octets) {
    for (unsigned i = octets; i-- > 0;) octets_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  Octets octets_;
};

// Records of one owner and type in canonical order (RFC 4034 section 6.3), equal ones once.
void add_rrset(std::vector<dns::Record>& records, Hashing& hashing) {
  std::vector<std::pair<std::string, const dns::Record*>> sorted;
  for (const dns::Record& record : records) sorted.emplace_back(canonical_rdata(record), &record);
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].first != sorted[i - 1].first) hashing.add(*sorted[i].second, sorted[i].first);
  }
  records.clear();
}

// The rrsets of an owner with those of the apex that stand apart, signatures of several sets together again.
void add_node(const ZoneTree& tree, const ZoneTree::Node& node, Hashing& hashing) {
  std::vector<const ZoneTree::RRset*> sets;
  for (const ZoneTree::RRset& set : tree.rrsets(node)) sets.push_back(&set);
  const bool apex = tree.owner(node).equals(tree.origin());
  if (apex) {
    for (const auto* set : {&tree.soa(), &tree.ns(), &tree.soa_signatures(), &tree.ns_signatures()}) {
      if (set->count > 0) sets.push_back(set);
    }
    std::stable_sort(sets.begin(), sets.end(), [](const auto* a, const auto* b) { return a->type < b->type; });
  }
  std::vector<dns::Record> records;
  for (size_t i = 0; i < sets.size(); ++i) {
    for (unsigned j = 0; j < sets[i]->count; ++j) {
      const dns::Record record = tree.record(*sets[i], j);
      const RRType about = record.type == RRType::rrsig ? dns::signed_type(record) : record.type;
      if (!apex || about != RRType::zonemd) records.push_back(record);
    }
    if (i + 1 == sets.size() || sets[i + 1]->type != sets[i]->type) add_rrset(records, hashing);
  }
}

Octets digest_of(const ZoneTree& tree, const EVP_MD* kind) {
  Hashing hashing(kind);
  std::vector<dns::Record> records;
  size_t next = 0;  // of the hashed owners, which stand apart
  const auto add_hashed_before = [&](const dns::NameView* end) {
    for (; next < tree.hashed_owners().size(); ++next) {
      const ZoneTree::Hashed& hashed = tree.hashed_owners()[next];
      if (end && tree.owner(hashed).compare(*end) > 0) return;
      for (const auto* set : {&hashed.signatures, &hashed.set}) {  // RRSIG is 46, NSEC3 is 50
        for (unsigned i = 0; i < set->count; ++i) records.push_back(tree.record(*set, i));
        add_rrset(records, hashing);
      }
    }
  };
  for (const ZoneTree::Node& node : tree.nodes()) {
    const NameView owner = tree.owner(node);
    if (!owner.is_under(tree.origin())) continue;
    add_hashed_before(&owner);
    add_node(tree, node, hashing);
  }
  add_hashed_before(nullptr);
  return hashing.finish();
}

std::vector<Digest> digests_in(const ZoneTree& tree) {
  std::vector<Digest> digests;
  const ZoneTree::Node* apex = tree.find(tree.origin());
  const ZoneTree::RRset* set = apex ? tree.rrset(*apex, RRType::zonemd) : nullptr;
  for (unsigned i = 0; set && i < set->count; ++i) {
    const std::span<const uint8_t> rdata = tree.record(*set, i).rdata;
    if (rdata.size() > 6) digests.push_back({dns::read32(rdata.data()), rdata[4], rdata[5], rdata.subspan(6)});
  }
  return digests;
}

}  // namespace

Result<ZonemdCheck> check_zonemd(const ZoneTree& tree) {
  const std::vector<Digest> digests = digests_in(tree);
  if (digests.empty()) return ZonemdCheck::absent;
  std::string why;
  for (const Digest& digest : digests) {
    const EVP_MD* kind = hash_of(digest);
    if (!kind) continue;
    const auto same = std::count_if(digests.begin(), digests.end(), [&](const Digest& each) {
      return each.scheme == digest.scheme && each.algorithm == digest.algorithm;
    });
    if (digest.serial != tree.serial()) {
      why = "it is of serial " + std::to_string(digest.serial);
    } else if (same > 1) {
      why = "there are several of one kind";
    } else if (tree.lowered_targets()) {
      why = "it cannot be compared: targets of SVCB or HTTPS records have capital letters, which are not kept";
    } else if (const Octets value = digest_of(tree, kind);
               std::equal(value.begin(), value.end(), digest.value.begin(), digest.value.end())) {
      return ZonemdCheck::verified;
    } else {
      why = "the zone has another digest";
    }
  }
  if (why.empty()) return ZonemdCheck::unknown;
  return fail("ZONEMD of " + tree.origin().text() + " does not fit serial " + std::to_string(tree.serial()) + ": " +
              why);
}

}  // namespace portolan::zones
