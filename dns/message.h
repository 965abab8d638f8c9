// DNS messages as values: header, question, records, EDNS; read in place from a packet and written with compression.
// Pure functions: no I/O, no clock, no globals; nothing throws, a malformed packet is a value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "dns/name.h"
#include "dns/types.h"

namespace portolan::dns {

constexpr size_t kHeaderSize = 12;
constexpr size_t kMinUdpSize = 512;
constexpr size_t kMaxMessage = 65535;

/// RFC 1035 section 4.1.1, AD and CD from RFC 4035.
struct Header {
  uint16_t id = 0;
  Opcode opcode = Opcode::query;
  uint8_t rcode = 0;  // the low four bits
  bool qr = false, aa = false, tc = false, rd = false, ra = false, z = false, ad = false, cd = false;
  uint16_t qdcount = 0, ancount = 0, nscount = 0, arcount = 0;
};

struct Question {
  NameView name;   // case as asked
  NameView lower;  // the same in lower case
  RRType type = RRType::none;
  RRClass cls = RRClass::in;
};

/// A light record: everything borrowed, rdata in uncompressed wire form.
struct Record {
  NameView owner;
  RRType type = RRType::none;
  RRClass cls = RRClass::in;
  uint32_t ttl = 0;
  std::span<const uint8_t> rdata;
};

struct EdnsOption {
  uint16_t code = 0;
  std::span<const uint8_t> data;
};

/// RFC 6891.
struct Edns {
  uint16_t udp_size = 0;  // as given, even below 512
  uint8_t version = 0;
  uint8_t extended_rcode = 0;
  bool dnssec_ok = false;
  uint16_t z_flags = 0;  // the other 15 bits
  std::span<const EdnsOption> options;
};

/// The fate of a received query, as recorded from CoreDNS (the order of the checks is the order here).
enum class QueryStatus : uint8_t {
  ok,
  silent,            // shorter than a header, or QR set
  notimp,            // opcode other than QUERY (and NOTIFY): answered in 12 octets
  formerr_header,    // counts or question name: 12 octets
  formerr_question,  // broken later records: FORMERR with the question, no OPT
  servfail_empty,    // a bare header with QDCOUNT 1
  refused_cut,       // question cut before QTYPE or QCLASS
};

/// A query read in place; names and options live in the arena.
struct ParsedQuery {
  Header header;
  Question question;
  std::optional<Edns> edns;
  bool has_tsig = false;
  size_t tsig_offset = 0;   // where the TSIG record begins, if there is one
  size_t question_end = 0;  // offset behind the question
};

/// Reads header, question and the additional section's OPT. Answer and authority records are checked and skipped; an
/// SOA in the authority section (IXFR) is handed out by `parse_message`. Nothing in `query` refers to `packet`. What
/// lies before the fault is filled in: the header always (of 12 octets or more), the question from formerr_question on;
/// a cut question has type or class 0.
QueryStatus parse_query(std::span<const uint8_t> packet, Arena& arena, ParsedQuery& query);

/// A whole message: what an upstream answered, or a query with records. Without the OPT, which is in `edns`.
struct ParsedMessage {
  Header header;
  std::span<const Question> questions;
  std::span<const Record> answer, authority, additional;
  std::optional<Edns> edns;
  size_t tsig_offset = 0;  // where the TSIG record, the last of `additional`, begins in the packet; 0: none
  uint16_t rcode() const { return static_cast<uint16_t>(header.rcode | (edns ? edns->extended_rcode << 4 : 0)); }
};

/// Reads everything, names in rdata decompressed. False when the packet is malformed (pointer loops, names over 255
/// octets, lengths beyond the end, rdata that is not of its type's form); what was read before lies in `message`.
/// Counts larger than the data are tolerated. Nothing in `message` refers to `packet`.
bool parse_message(std::span<const uint8_t> packet, Arena& arena, ParsedMessage& message);

/// What goes into an encoded message. The counts of `header` are set by the encoder.
struct MessageParts {
  Header header;
  const Question* question = nullptr;  // none: QDCOUNT 0
  std::span<const Record> answer, authority, additional;
  const Edns* edns = nullptr;  // written last, as additional
};

/// Encodes with name compression (owner names, and rdata names of the types of RFC 1035, RFC 3597 section 4; a small
/// message only points into its question) into `out`, truncated to `limit` octets as miekg/dns does: a limit below 512
/// means 512, records are left out from the first that does not fit on, TC is set when one was, the OPT always stays. A
/// TSIG at the end of `additional` is written behind the OPT, and such a message is cut at the end of `out` only.
/// Returns the size; 0 when not even header, question, OPT and TSIG fit, or when the rcode is above 15 and there is no
/// OPT. `truncated` says whether a record was left out.
size_t encode(const MessageParts& parts, std::span<uint8_t> out, size_t limit, bool* truncated = nullptr);
/// The same into octets of `arena`; empty where that returns 0.
std::span<const uint8_t> encode(const MessageParts& parts, Arena& arena, size_t limit, bool* truncated = nullptr);

/// The size that `parts` would have without compression and truncation (the `log` plugin's {rsize}).
size_t uncompressed_size(const MessageParts& parts);

/// The names inside rdata, for types that hold any: compressible or not is the encoder's business.
/// Calls are cheap; used by the encoder and by case handling.
struct RdataLayout {
  uint8_t fixed_before = 0;   // octets in front of the first name
  uint8_t names = 0;          // names that follow each other (SOA, MINFO, RP have two)
  bool compressible = false;  // RFC 3597 section 4
};
RdataLayout rdata_layout(RRType type);
/// The same for a record at hand: the strings in front of the name of a NAPTR vary in length.
RdataLayout rdata_layout(const Record& record);

}  // namespace portolan::dns
