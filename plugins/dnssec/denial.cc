// "Black lies": nobody here knows which types a name has, so all that are of use are claimed, but the one asked for; a
// resolver that takes the bitmap at its word asks again.
#include "plugins/dnssec/denial.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

namespace portolan::dnssec {
namespace {

using dns::RRType;

constexpr size_t kWindow = 32;  // octets of a bitmap of 256 types
constexpr uint16_t kHip = 55, kOpenPgpKey = 61, kSpf = 99, kNxName = 128;

using Bits = std::array<uint8_t, kWindow>;

constexpr void set(Bits& bits, uint16_t type) { bits[type / 8] |= static_cast<uint8_t>(0x80 >> type % 8); }

constexpr Bits bits_of(std::initializer_list<RRType> types) {
  Bits bits{};
  for (const RRType type : types) set(bits, static_cast<uint16_t>(type));
  return bits;
}

constexpr Bits with_common(Bits bits) {
  for (const RRType type : {RRType::a, RRType::hinfo, RRType::txt, RRType::aaaa, RRType::loc, RRType::srv, RRType::cert,
                            RRType::sshfp, RRType::rrsig, RRType::nsec, RRType::tlsa}) {
    set(bits, static_cast<uint16_t>(type));
  }
  for (const uint16_t type : {kHip, kOpenPgpKey, kSpf}) set(bits, type);
  return bits;
}

constexpr Bits kName = with_common({});
constexpr Bits kDelegation = with_common(bits_of({RRType::ns}));
constexpr Bits kApex = with_common(bits_of({RRType::ns, RRType::soa, RRType::mx, RRType::dnskey}));

constexpr Bits make_nothing() {
  Bits bits = bits_of({RRType::rrsig, RRType::nsec});
  set(bits, kNxName);
  return bits;
}
constexpr Bits kNothing = make_nothing();

Bits types_of(const dns::Question& question, bool apex, Denied denied, bool compact) {
  if (compact && denied == Denied::name) return kNothing;
  if (!apex && (denied == Denied::delegation || question.type == RRType::ds)) return kDelegation;
  Bits bits = apex ? kApex : kName;
  const auto type = static_cast<uint16_t>(question.type);
  if (denied != Denied::delegation && question.type != RRType::nsec && type < kWindow * 8) {
    bits[type / 8] &= static_cast<uint8_t>(~(0x80 >> type % 8));
  }
  return bits;
}

// `name` with a label of one octet 0 in front: what follows it in canonical order (RFC 4471 section 3.1.1).
size_t write_child(dns::NameView name, uint8_t* to) {
  if (name.size() + 2 > dns::kMaxName) return 0;
  to[0] = 1;
  to[1] = 0;
  std::memcpy(to + 2, name.data(), name.size());
  return name.size() + 2;
}

// With an octet 0 at the end of the first label: what follows `name` and all that lies below it.
size_t write_sibling(dns::NameView name, uint8_t* to) {
  const uint8_t first = name.data()[0];
  if (name.is_root() || first == dns::kMaxLabel || name.size() + 1 > dns::kMaxName) return 0;
  to[0] = static_cast<uint8_t>(first + 1);
  std::memcpy(to + 1, name.data() + 1, first);
  to[first + 1] = 0;
  std::memcpy(to + first + 2, name.data() + first + 1, name.size() - first - 1U);
  return name.size() + 1;
}

// With the first label's last octet raised: what follows when nothing more can be put into the name.
size_t write_raised(dns::NameView name, uint8_t* to) {
  uint8_t length = name.data()[0];
  while (length > 0 && name.data()[length] == 0xff) --length;
  if (length == 0) return 0;
  const uint8_t last = dns::kLower[name.data()[length]];
  to[0] = length;
  std::memcpy(to + 1, name.data() + 1, length);
  to[length] = last == 'A' - 1 ? 'Z' + 1 : static_cast<uint8_t>(last + 1);  // upper case sorts as lower case
  const auto rest = name.parent().wire();
  std::memcpy(to + length + 1, rest.data(), rest.size());
  return length + 1U + rest.size();
}

// The size of the next name; 0 when there is none.
size_t write_next(dns::NameView name, bool past_descendants, uint8_t* to) {
  size_t size = past_descendants ? 0 : write_child(name, to);
  if (size == 0) size = write_sibling(name, to);
  if (size == 0) size = write_raised(name, to);
  return size;
}

}  // namespace

std::optional<dns::Record> denial(const dns::Question& question, bool apex, Denied denied, bool compact, uint32_t ttl,
                                  Arena& arena) {
  const Bits bits = types_of(question, apex, denied, compact);
  size_t used = kWindow;
  while (used > 0 && bits[used - 1] == 0) --used;
  const auto rdata = arena.bytes(dns::kMaxName + 2 + used);
  const size_t size = write_next(question.name, !apex && denied == Denied::delegation, rdata.data());
  if (size == 0) return std::nullopt;
  rdata[size] = 0;  // the window of types 0 to 255
  rdata[size + 1] = static_cast<uint8_t>(used);
  std::memcpy(rdata.data() + size + 2, bits.data(), used);
  dns::Record record;
  record.owner = question.name;
  record.type = RRType::nsec;
  record.ttl = ttl;
  record.rdata = rdata.first(size + 2 + used);
  return record;
}

}  // namespace portolan::dnssec
