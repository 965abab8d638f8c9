// Records are values: what is changed gets octets of its own in the query's arena.
#include "plugins/rewrite/record_changer.h"

#include <algorithm>
#include <optional>

#include "dns/reader.h"

namespace portolan::rewrite {

using dns::Record;
using dns::RRType;
using Octets = std::span<const uint8_t>;

namespace {

// Octets in front of the name that a rule may change; nothing for types without one, and for broken rdata.
std::optional<size_t> octets_before_name(const Record& record) {
  switch (record.type) {
    case RRType::cname:
    case RRType::dname:
    case RRType::ns:
    case RRType::ptr:
    case RRType::soa:
      return 0;
    case RRType::mx:
      return 2;
    case RRType::srv:
      return 6;
    case RRType::naptr: {  // order and preference, then flags, services and expression as character-strings
      size_t at = 4;
      for (int string = 0; string < 3; ++string) {
        if (at >= record.rdata.size()) return std::nullopt;
        at += 1u + record.rdata[at];
      }
      return at;
    }
    default:
      return std::nullopt;
  }
}

struct RecordChanger {
  Record& record;
  Arena& arena;

  bool operator()(const MapOwner& owner) const { return owner.map->map(record.owner, arena) != Mapped::invalid; }

  bool operator()(const MapValue& value) const {
    const auto before = octets_before_name(record);
    if (!before || *before >= record.rdata.size()) return true;
    const Octets rest = record.rdata.subspan(*before);
    const size_t size = dns::uncompressed_name_size(rest);
    if (size == 0) return true;
    dns::NameView name(rest.data(), static_cast<uint8_t>(size));
    const Mapped mapped = value.map->map(name, arena);
    if (mapped == Mapped::changed) put(*before, name, rest.subspan(size));
    return mapped != Mapped::invalid;
  }

  bool operator()(const ClampTtl& ttl) const {
    record.ttl = std::clamp(record.ttl, ttl.least, ttl.most);
    return true;
  }

  template <class Other>
  bool operator()(const Other&) const {
    return true;
  }

 private:
  void put(size_t before, dns::NameView name, Octets behind) const {
    const auto rdata = arena.bytes(before + name.size() + behind.size());
    auto at = std::copy_n(record.rdata.begin(), before, rdata.begin());
    at = std::copy_n(name.data(), name.size(), at);
    std::copy(behind.begin(), behind.end(), at);
    record.rdata = rdata;
  }
};

}  // namespace

bool change_record(Record& record, const ReplyChange& change, Arena& arena) {
  return std::visit(RecordChanger{record, arena}, change);
}

bool change_record(Record& record, std::span<const ReplyChange> changes, Arena& arena) {
  for (size_t i = changes.size(); i-- > 0;) {
    if (!change_record(record, changes[i], arena)) return false;
  }
  return true;
}

}  // namespace portolan::rewrite
