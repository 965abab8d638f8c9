// Header, names, record fields and OPT, as they lie in packets.
#include "dns/reader.h"

namespace portolan::dns {
namespace {

// A name of 255 octets has at most 127 labels, so that no sensible name needs more pointers. It also ends loops.
constexpr int kMaxPointers = 126;

}  // namespace

Header read_header(Packet packet) {
  const uint8_t* at = packet.data();
  Header header;
  header.id = read16(at);
  header.qr = at[2] & 0x80;
  header.opcode = static_cast<Opcode>(at[2] >> 3 & 0xf);
  header.aa = at[2] & 0x04;
  header.tc = at[2] & 0x02;
  header.rd = at[2] & 0x01;
  header.ra = at[3] & 0x80;
  header.z = at[3] & 0x40;
  header.ad = at[3] & 0x20;
  header.cd = at[3] & 0x10;
  header.rcode = at[3] & 0x0f;
  header.qdcount = read16(at + 4);
  header.ancount = read16(at + 6);
  header.nscount = read16(at + 8);
  header.arcount = read16(at + 10);
  return header;
}

NameExtent measure_name(Packet packet, size_t offset) {
  size_t size = 1;
  size_t end = 0;
  int pointers = 0;
  for (;;) {
    if (offset >= packet.size()) return {};
    const uint8_t length = packet[offset++];
    if (length == 0) break;
    if (length <= kMaxLabel) {
      size += length + 1U;
      if (size > kMaxName || offset + length > packet.size()) return {};
      offset += length;
    } else if (length >= 0xc0) {
      if (offset >= packet.size() || ++pointers > kMaxPointers) return {};
      if (pointers == 1) end = offset + 1;
      offset = static_cast<size_t>(length & 0x3f) << 8 | packet[offset];
    } else {
      return {};  // 01 and 10 are reserved (RFC 1035 section 4.1.4)
    }
  }
  return {pointers == 0 ? offset : end, static_cast<uint8_t>(size), pointers != 0};
}

void copy_name(Packet packet, size_t offset, uint8_t* to) {
  for (;;) {
    const uint8_t length = packet[offset];
    if (length >= 0xc0) {
      offset = static_cast<size_t>(length & 0x3f) << 8 | packet[offset + 1];
      continue;
    }
    std::memcpy(to, &packet[offset], length + 1U);
    if (length == 0) return;
    to += length + 1U;
    offset += length + 1U;
  }
}

size_t read_name(Packet packet, size_t offset, Arena& arena, NameView& name) {
  const NameExtent extent = measure_name(packet, offset);
  if (extent.end == 0) return 0;
  if (!extent.compressed) {
    name = {&packet[offset], extent.size};
  } else {
    const auto copy = arena.bytes(extent.size);
    copy_name(packet, offset, copy.data());
    name = {copy.data(), extent.size};
  }
  return extent.end;
}

size_t uncompressed_name_size(std::span<const uint8_t> octets) {
  const size_t limit = octets.size() < kMaxName ? octets.size() : kMaxName;
  size_t at = 0;
  while (at < limit) {
    const uint8_t length = octets[at];
    if (length == 0) return at + 1;
    if (length > kMaxLabel) return 0;
    at += length + 1U;
  }
  return 0;
}

bool read_record_fields(Packet packet, size_t offset, RecordFields& fields) {
  constexpr size_t kFixed = 10;  // TYPE, CLASS, TTL, RDLENGTH
  if (offset + kFixed > packet.size()) return false;
  const uint8_t* at = packet.data() + offset;
  fields.type = static_cast<RRType>(read16(at));
  fields.cls = static_cast<RRClass>(read16(at + 2));
  fields.ttl = read32(at + 4);
  fields.rdata = offset + kFixed;
  fields.end = fields.rdata + read16(at + 8);
  return fields.end <= packet.size();
}

Edns read_edns(Packet packet, const RecordFields& fields, Arena& arena) {
  Edns edns;
  edns.udp_size = static_cast<uint16_t>(fields.cls);
  edns.extended_rcode = static_cast<uint8_t>(fields.ttl >> 24);
  edns.version = static_cast<uint8_t>(fields.ttl >> 16);
  edns.dnssec_ok = fields.ttl & 0x8000;
  edns.z_flags = fields.ttl & 0x7fff;
  if (fields.rdata == fields.end) return edns;

  const auto rdata = arena.copy(packet.subspan(fields.rdata, fields.end - fields.rdata));
  size_t count = 0;
  for (size_t at = 0; at < rdata.size(); at += 4U + read16(&rdata[at + 2])) ++count;
  const auto options = arena.array<EdnsOption>(count);
  size_t at = 0;
  for (EdnsOption& option : options) {
    const uint16_t length = read16(&rdata[at + 2]);
    option = {read16(&rdata[at]), rdata.subspan(at + 4, length)};
    at += 4U + length;
  }
  edns.options = options;
  return edns;
}

}  // namespace portolan::dns
