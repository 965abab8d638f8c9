// Keeping book of changed records, and building the tree without the old and with the new ones.
#include "zones/zone_change.h"

namespace portolan::zones {

using dns::Record;

// Owner, type and rdata, names in lower case: what makes two records the same (RFC 2136 section 1.1).
std::string ZoneChange::key(const Record& record) const {
  std::string key;
  const auto lower = [&key](std::span<const uint8_t> octets) {
    for (const uint8_t octet : octets) key += static_cast<char>(dns::kLower[octet]);
  };
  lower(record.owner.wire());
  key += static_cast<char>(static_cast<uint16_t>(record.type) >> 8);
  key += static_cast<char>(static_cast<uint16_t>(record.type) & 0xff);
  const dns::RdataLayout layout = dns::rdata_layout(record);
  size_t at = std::min<size_t>(layout.names == 0 ? 0 : layout.fixed_before, record.rdata.size());
  key.append(reinterpret_cast<const char*>(record.rdata.data()), at);
  for (unsigned i = 0; i < layout.names; ++i) {
    size_t end = at;
    while (end < record.rdata.size() && record.rdata[end] != 0) end += record.rdata[end] + 1U;
    end = std::min(end + 1, record.rdata.size());
    lower(record.rdata.subspan(at, end - at));
    at = end;
  }
  key.append(reinterpret_cast<const char*>(record.rdata.data()) + at, record.rdata.size() - at);
  return key;
}

template <class Visit>
void ZoneChange::each_base_record(Visit visit) const {
  const auto set = [&](const ZoneTree::RRset& rrset) {
    for (unsigned i = 0; i < rrset.count; ++i) visit(base_.record(rrset, i));
  };
  for (const auto* apex : {&base_.soa_signatures(), &base_.ns(), &base_.ns_signatures()}) set(*apex);
  for (const ZoneTree::Node& node : base_.nodes()) {
    for (const ZoneTree::RRset& rrset : base_.rrsets(node)) set(rrset);
  }
  for (const ZoneTree::Hashed& hashed : base_.hashed_owners()) {
    set(hashed.set);
    set(hashed.signatures);
  }
}

// The records of a name are looked at once, when the first change comes to it.
void ZoneChange::touch(dns::NameView owner) {
  if (!touched_.insert(dns::Name(owner).lower()).second) return;
  const auto note = [this](const ZoneTree::RRset& rrset) {
    for (unsigned i = 0; i < rrset.count; ++i) fates_[key(base_.record(rrset, i))].present = true;
  };
  if (owner.equals(base_.origin())) {
    for (const auto* apex : {&base_.soa_signatures(), &base_.ns(), &base_.ns_signatures()}) note(*apex);
  }
  const dns::Name lower = dns::Name(owner).lower();
  if (const ZoneTree::Node* node = base_.find(lower)) {
    for (const ZoneTree::RRset& rrset : base_.rrsets(*node)) note(rrset);
  }
  if (const ZoneTree::Hashed* hashed = base_.hashed_owner(lower)) {
    note(hashed->set);
    note(hashed->signatures);
  }
}

Result<void> ZoneChange::remove(const Record& record) {
  touch(record.owner);
  const auto found = fates_.find(key(record));
  if (found == fates_.end() || !found->second.present) {
    return fail("a " + dns::text(record.type) + " record of " + record.owner.text() + " is removed that is not there");
  }
  additions_.erase(found->second.added);
  found->second = Fate{};
  return {};
}

void ZoneChange::add(const Record& record) {
  touch(record.owner);
  Fate& fate = fates_[key(record)];
  additions_.erase(fate.added);
  fate = {true, next_addition_};
  dns::OwnedRecord owned{dns::Name(record.owner), record.type, record.cls, record.ttl, {}};
  owned.rdata.assign(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
  additions_.emplace(next_addition_++, std::move(owned));
}

Result<std::unique_ptr<const ZoneTree>> ZoneChange::apply(const dns::OwnedRecord& soa) const {
  ZoneBuilder builder(base_.origin());
  Result<void> done;
  const auto add = [&](dns::OwnedRecord record) {
    if (done.has_value()) done = builder.add(std::move(record));
  };
  add(soa);
  each_base_record([&](const Record& record) {
    if (touched_.contains(record.owner)) {
      const auto found = fates_.find(key(record));
      if (found == fates_.end() || !found->second.present || found->second.added != 0) return;
    }
    dns::OwnedRecord owned{dns::Name(record.owner), record.type, record.cls, record.ttl, {}};
    owned.rdata.assign(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
    add(std::move(owned));
  });
  for (const auto& [place, record] : additions_) add(record);
  if (done.has_error()) return done.error();
  return builder.build();
}

}  // namespace portolan::zones
