// Rdata as it arrives: checked field by field against its type's form, names decompressed. How strict this is follows
// miekg/dns, since what is malformed there is answered with FORMERR.
#include "dns/rdata_schema.h"
#include "dns/reader.h"

namespace portolan::dns {
namespace {

/// Walks the fields of one rdata. With `to` set it also copies them, names uncompressed.
class RdataWalk {
 public:
  /// `packet` ends where the rdata ends: a name's pointers may not lead beyond.
  RdataWalk(Packet packet, size_t at, uint8_t* to) : packet_(packet), at_(at), to_(to) {}

  /// Rdata that is not `whole` may be cut between two fields, but not behind counted octets.
  bool run(const char* schema, bool whole = false);
  bool compressed() const { return compressed_; }
  size_t size() const { return size_; }

 private:
  size_t left() const { return packet_.size() - at_; }
  bool take(size_t count);
  bool take_name();
  bool take_string();
  bool take_counted(size_t count_octets);
  bool take_field(char field);
  bool rest_is_valid(char field) const;

  Packet packet_;
  size_t at_;
  uint8_t* to_;
  size_t size_ = 0;  // without compression
  bool compressed_ = false, whole_ = false;
};

bool RdataWalk::take(size_t count) {
  if (count > left()) return false;
  if (to_ != nullptr && count != 0) std::memcpy(to_ + size_, &packet_[at_], count);
  at_ += count;
  size_ += count;
  return true;
}

bool RdataWalk::take_name() {
  const NameExtent extent = measure_name(packet_, at_);
  if (extent.end == 0) return false;
  if (to_ != nullptr) copy_name(packet_, at_, to_ + size_);
  compressed_ |= extent.compressed;
  size_ += extent.size;
  at_ = extent.end;
  return true;
}

bool RdataWalk::take_string() { return left() != 0 && take(packet_[at_] + 1U); }

bool RdataWalk::take_counted(size_t count_octets) {
  if (left() < count_octets) return false;
  const size_t count = count_octets == 1 ? packet_[at_] : read16(&packet_[at_]);
  return take(count_octets) && ((left() == 0 && !whole_) || take(count));
}

bool strings_are_valid(Packet rest) {
  while (!rest.empty()) {
    const size_t size = rest[0] + 1U;
    if (size > rest.size()) return false;
    rest = rest.subspan(size);
  }
  return true;
}

/// RFC 4034 section 4.1.2: windows ascend, none is empty or longer than 32 octets.
bool bitmap_is_valid(Packet rest) {
  int last_window = -1;
  while (!rest.empty()) {
    if (rest.size() < 2 || rest[0] <= last_window || rest[1] == 0 || rest[1] > 32) return false;
    const size_t size = rest[1] + 2U;
    if (size > rest.size()) return false;
    last_window = rest[0];
    rest = rest.subspan(size);
  }
  return true;
}

/// RFC 3123 section 4: known family, no more octets than an address has, no trailing zero octet.
bool prefixes_are_valid(Packet rest) {
  while (!rest.empty()) {
    if (rest.size() < 4) return false;
    const uint16_t family = read16(rest.data());
    if (family != 1 && family != 2) return false;
    const size_t octets = family == 1 ? 4 : 16;
    const size_t length = rest[3] & 0x7f;
    if (rest[2] > 8 * octets || length > octets || 4 + length > rest.size()) return false;
    if (length != 0 && rest[3 + length] == 0) return false;
    rest = rest.subspan(4 + length);
  }
  return true;
}

/// RFC 9460 section 2.2 and 7: keys ascend, the values of known keys have their form.
bool parameters_are_valid(Packet rest) {
  int last_key = -1;
  while (!rest.empty()) {
    if (rest.size() < 4) return false;
    const uint16_t key = read16(rest.data());
    const size_t length = read16(rest.data() + 2);
    if (key == 0xffff || key <= last_key || 4 + length > rest.size()) return false;
    const Packet value = rest.subspan(4, length);
    switch (key) {
      case 0:
        if (length % 2 != 0) return false;
        break;  // mandatory
      case 1:
        if (!strings_are_valid(value)) return false;
        break;  // alpn
      case 2:
      case 8:
        if (length != 0) return false;
        break;  // no-default-alpn, ohttp
      case 3:
        if (length != 2) return false;
        break;  // port
      case 4:
        if (length == 0 || length % 4 != 0) return false;
        break;  // ipv4hint
      case 6:
        if (length == 0 || length % 16 != 0) return false;
        break;  // ipv6hint
      default:
        break;
    }
    last_key = key;
    rest = rest.subspan(4 + length);
  }
  return true;
}

/// RFC 7871 section 6, the length of the address aside.
bool subnet_is_valid(Packet value) {
  if (value.size() < 4) return false;
  const uint16_t family = read16(value.data());
  if (family == 0) return value[2] == 0;
  if (family > 2) return false;
  const unsigned bits = family == 1 ? 32 : 128;
  return value[2] <= bits && value[3] <= bits;
}

bool option_is_valid(uint16_t code, Packet value) {
  switch (code) {
    case 1:
      return value.size() >= 18;  // LLQ
    case 2:
      return value.size() == 4 || value.size() == 8;  // update lease
    case 8:
      return subnet_is_valid(value);
    case 9:
      return value.empty() || value.size() >= 4;  // EXPIRE (RFC 7314)
    case 11:
      return value.empty() || value.size() == 2;  // keepalive (RFC 7828)
    case 15:
      return value.size() >= 2;  // EDE (RFC 8914)
    case 18:
      return measure_name(value, 0).end != 0;  // Report-Channel (RFC 9567)
    case 19:
      return value.size() >= 2;  // ZONEVERSION (RFC 9660)
    default:
      return true;
  }
}

bool options_are_valid(Packet rest) {
  while (!rest.empty()) {
    if (rest.size() < 4) return false;
    const size_t length = read16(rest.data() + 2);
    if (4 + length > rest.size() || !option_is_valid(read16(rest.data()), rest.subspan(4, length))) return false;
    rest = rest.subspan(4 + length);
  }
  return true;
}

bool RdataWalk::rest_is_valid(char field) const {
  const Packet rest = packet_.subspan(at_);
  switch (field) {
    case 'T':
      return strings_are_valid(rest) && !(whole_ && rest.empty());
    case 'B':
      return bitmap_is_valid(rest);
    case 'P':
      return prefixes_are_valid(rest);
    case 'V':
      return parameters_are_valid(rest);
    case 'O':
      return options_are_valid(rest);
    default:
      return true;
  }
}

bool RdataWalk::take_field(char field) {
  switch (field) {
    case 'N':
      return take_name();
    case 'S':
      return take_string();
    case 'h':
      return take_counted(1);
    case 'H':
      return take_counted(2);
    case 'x':
      return take(16);
    case 'T':
    case 'B':
    case 'P':
    case 'V':
    case 'O':
    case 'R':
      return rest_is_valid(field) && take(left());
    default:
      return take(static_cast<size_t>(field - '0'));
  }
}

bool RdataWalk::run(const char* schema, bool whole) {
  whole_ = whole;
  bool after_counted = false;
  for (; *schema != '\0'; ++schema) {
    if (left() == 0 && !after_counted && !whole_) return true;
    if (!take_field(*schema)) return false;
    after_counted = *schema == 'h' || *schema == 'H';
  }
  return left() == 0;
}

}  // namespace

bool rdata_is_whole(RRType type, std::span<const uint8_t> rdata) {
  RdataWalk walk(rdata, 0, nullptr);
  return walk.run(rdata_schema(type), true) && !walk.compressed();
}

bool rdata_is_valid(Packet packet, const RecordFields& fields) {
  return RdataWalk(packet.first(fields.end), fields.rdata, nullptr).run(rdata_schema(fields.type));
}

bool read_rdata(Packet packet, const RecordFields& fields, Arena& arena, std::span<const uint8_t>& rdata) {
  const char* schema = rdata_schema(fields.type);
  RdataWalk walk(packet.first(fields.end), fields.rdata, nullptr);
  if (!walk.run(schema)) return false;
  if (!walk.compressed()) {
    rdata = packet.subspan(fields.rdata, fields.end - fields.rdata);
    return true;
  }
  const auto copy = arena.bytes(walk.size());
  RdataWalk(packet.first(fields.end), fields.rdata, copy.data()).run(schema);
  rdata = copy;
  return true;
}

}  // namespace portolan::dns
