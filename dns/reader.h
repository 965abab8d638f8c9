// Reading the parts of a packet: integers, names with compression pointers, records and their rdata. Every read says
// where it ended; nothing reads beyond the packet.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "dns/message.h"

namespace portolan::dns {

using Packet = std::span<const uint8_t>;

inline uint16_t read16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }
inline uint32_t read32(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

/// The header of a packet of at least kHeaderSize octets.
Header read_header(Packet packet);

/// A name in a packet: where it ends there, and how long it is without compression. `end` is 0 when it is malformed.
struct NameExtent {
  size_t end = 0;
  uint8_t size = 0;
  bool compressed = false;
};

/// Follows the name at `offset`. Pointers may lead forward, at most 126 of them are followed.
NameExtent measure_name(Packet packet, size_t offset);
/// Writes the name that `measure_name` found good, uncompressed.
void copy_name(Packet packet, size_t offset, uint8_t* to);
/// Both: a view into the packet, or into `arena` if the name is compressed. Returns its end, 0 when it is malformed.
size_t read_name(Packet packet, size_t offset, Arena& arena, NameView& name);
/// The size of the uncompressed name that `octets` begin with; 0 when there is none.
size_t uncompressed_name_size(std::span<const uint8_t> octets);

/// The fixed part of a record; the owner is read by the caller.
struct RecordFields {
  RRType type;
  RRClass cls;
  uint32_t ttl;
  size_t rdata;  // offset
  size_t end;    // offset behind the record
};
/// `offset` is behind the owner. False when the record does not fit into the packet.
bool read_record_fields(Packet packet, size_t offset, RecordFields& fields);

/// Checks rdata against the form of its type as miekg/dns does: it may end early between two fields.
bool rdata_is_valid(Packet packet, const RecordFields& fields);
/// The same without that leniency and without compressed names, for rdata that was written and not received.
bool rdata_is_whole(RRType type, std::span<const uint8_t> rdata);
/// Checks it, and gives it without compression: in the packet where nothing was compressed, else in `arena`.
bool read_rdata(Packet packet, const RecordFields& fields, Arena& arena, std::span<const uint8_t>& rdata);

/// The parts of an OPT record (RFC 6891 section 6.1) whose rdata is valid; options are copied into `arena`.
Edns read_edns(Packet packet, const RecordFields& fields, Arena& arena);

}  // namespace portolan::dns
