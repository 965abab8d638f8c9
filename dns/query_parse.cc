// A received query: header, question and EDNS in one pass. What is refused, and with what, follows the order of the
// checks in CoreDNS.
#include "dns/fold.h"
#include "dns/reader.h"

namespace portolan::dns {
namespace {

/// What may be in a query (RFC 1995 section 3, RFC 1996 section 3.7: one SOA; OPT and TSIG).
bool counts_are_good(const Header& header) {
  return header.qdcount == 1 && header.ancount <= 1 && header.nscount <= 1 && header.arcount <= 2;
}

/// Copies the question's name, since the packet's memory may serve the next packet while this query waits.
size_t read_question_name(Packet packet, Arena& arena, Question& question) {
  const NameExtent extent = measure_name(packet, kHeaderSize);
  if (extent.end == 0) return 0;
  uint8_t* const name = arena.bytes(2U * extent.size).data();
  uint8_t* const lowered = name + extent.size;
  if (extent.compressed) {
    copy_name(packet, kHeaderSize, name);
  } else {
    std::memcpy(name, &packet[kHeaderSize], extent.size);
  }
  copy_lower(lowered, name, extent.size);
  question.name = {name, extent.size};
  question.lower = {lowered, extent.size};
  return extent.end;
}

/// A question may end before QTYPE or QCLASS, which are then 0, but not within them.
QueryStatus read_question(Packet packet, Arena& arena, ParsedQuery& query) {
  const size_t at = read_question_name(packet, arena, query.question);
  if (at == 0) return QueryStatus::formerr_header;
  const size_t left = packet.size() - at;
  if (left == 1 || left == 3) return QueryStatus::formerr_header;
  query.question.type = left >= 2 ? static_cast<RRType>(read16(&packet[at])) : RRType::none;
  query.question.cls = static_cast<RRClass>(left >= 4 ? read16(&packet[at + 2]) : 0);
  query.question_end = at + (left < 4 ? left : 4);
  return left < 4 ? QueryStatus::refused_cut : QueryStatus::ok;
}

/// Checks `count` records from `at` on. Counts larger than the data are tolerated.
bool skip_records(Packet packet, unsigned count, size_t& at) {
  for (; count != 0 && at < packet.size(); --count) {
    const NameExtent owner = measure_name(packet, at);
    RecordFields fields;
    if (owner.end == 0 || !read_record_fields(packet, owner.end, fields) || !rdata_is_valid(packet, fields)) {
      return false;
    }
    at = fields.end;
  }
  return true;
}

/// The last OPT counts, whatever its owner; a TSIG counts when it is the last record (RFC 8945 section 5.1).
bool read_additional(Packet packet, size_t at, Arena& arena, ParsedQuery& query) {
  std::optional<RecordFields> opt;
  for (unsigned count = query.header.arcount; count != 0 && at < packet.size(); --count) {
    const NameExtent owner = measure_name(packet, at);
    RecordFields fields;
    if (owner.end == 0 || !read_record_fields(packet, owner.end, fields) || !rdata_is_valid(packet, fields)) {
      return false;
    }
    if (fields.type == RRType::opt) opt = fields;
    query.has_tsig = fields.type == RRType::tsig;
    query.tsig_offset = query.has_tsig ? at : 0;
    at = fields.end;
  }
  if (opt) query.edns = read_edns(packet, *opt, arena);
  return true;
}

}  // namespace

QueryStatus parse_query(std::span<const uint8_t> packet, Arena& arena, ParsedQuery& query) {
  query = {};
  if (packet.size() < kHeaderSize) return QueryStatus::silent;
  query.header = read_header(packet);
  const Header& header = query.header;
  if (header.qr) return QueryStatus::silent;
  if (header.opcode != Opcode::query && header.opcode != Opcode::notify) return QueryStatus::notimp;
  if (!counts_are_good(header)) return QueryStatus::formerr_header;
  if (packet.size() == kHeaderSize) return QueryStatus::servfail_empty;

  const QueryStatus status = read_question(packet, arena, query);
  if (status != QueryStatus::ok) return status;
  size_t at = query.question_end;
  if (!skip_records(packet, header.ancount, at) || !skip_records(packet, header.nscount, at) ||
      !read_additional(packet, at, arena, query)) {
    return QueryStatus::formerr_question;
  }
  return QueryStatus::ok;
}

}  // namespace portolan::dns
