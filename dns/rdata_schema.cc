// The table of rdata forms, and the places of names in them.
#include "dns/rdata_schema.h"

#include <array>

#include "dns/message.h"

namespace portolan::dns {
namespace {

constexpr const char* kAnything = "R";

constexpr std::array<const char*, 110> make_table() {
  std::array<const char*, 110> table{};
  for (auto& entry : table) entry = kAnything;
  table[1] = "4";                                                      // A
  for (const int type : {2, 3, 4, 5, 7, 8, 9, 12}) table[type] = "N";  // NS MD MF CNAME MB MG MR PTR
  table[6] = "NN44444";                                                // SOA
  table[13] = table[20] = "SS";                                        // HINFO ISDN
  table[14] = table[17] = table[58] = "NN";                            // MINFO RP TALINK
  table[15] = table[18] = table[21] = table[36] = "2N";                // MX AFSDB RT KX
  table[16] = table[56] = table[99] = "T";                             // TXT NINFO SPF
  table[19] = table[100] = "S";                                        // X25 UINFO
  table[23] = table[39] = "N";                                         // NSAP-PTR DNAME
  table[24] = table[46] = "2114442NR";                                 // SIG RRSIG
  table[25] = table[48] = table[57] = table[60] = "211R";              // KEY DNSKEY RKEY CDNSKEY
  table[26] = "2NN";                                                   // PX
  table[27] = "SSS";                                                   // GPOS
  table[28] = "x";                                                     // AAAA
  table[29] = "1111444";                                               // LOC
  table[30] = table[47] = "NB";                                        // NXT NSEC
  table[33] = "222N";                                                  // SRV
  table[35] = "22SSSN";                                                // NAPTR
  table[37] = "221R";                                                  // CERT
  table[41] = "O";                                                     // OPT
  table[42] = "P";                                                     // APL
  table[43] = table[59] = "211R";                                      // DS CDS
  table[44] = "11R";                                                   // SSHFP
  table[50] = "112hhB";                                                // NSEC3
  table[51] = "112h";                                                  // NSEC3PARAM
  table[52] = table[53] = "111R";                                      // TLSA SMIMEA
  table[62] = "42B";                                                   // CSYNC
  table[63] = "411R";                                                  // ZONEMD
  table[64] = table[65] = "2NV";                                       // SVCB HTTPS
  table[101] = table[102] = "4";                                       // UID GID
  table[104] = table[106] = "28";                                      // NID L64
  table[105] = "24";                                                   // L32
  table[107] = "2N";                                                   // LP
  table[108] = "6";                                                    // EUI48
  table[109] = "8";                                                    // EUI64
  return table;
}
constexpr auto kSchemas = make_table();

}  // namespace

const char* rdata_schema(RRType type) {
  const auto number = static_cast<uint16_t>(type);
  if (number < kSchemas.size()) return kSchemas[number];
  switch (number) {
    case 249:
      return "N4422HH";  // TKEY
    case 250:
      return "N62H22H";  // TSIG
    case 256:
      return "22R";  // URI
    case 257:
      return "1SR";  // CAA
    case 258:
    case 261:
      return "T";  // AVC RESINFO
    case 32768:
    case 32769:
      return "211R";  // TA DLV
    default:
      return kAnything;
  }
}

RdataLayout rdata_layout(RRType type) {
  switch (static_cast<uint16_t>(type)) {
    case 2:
    case 3:
    case 4:
    case 5:
    case 7:
    case 8:
    case 9:
    case 12:
      return {0, 1, true};
    case 6:
    case 14:
      return {0, 2, true};  // SOA MINFO
    case 15:
      return {2, 1, true};  // MX
    case 17:
    case 58:
      return {0, 2, false};  // RP TALINK
    case 18:
    case 21:
    case 36:
    case 107:
      return {2, 1, false};  // AFSDB RT KX LP
    case 23:
    case 30:
    case 39:
    case 47:
      return {0, 1, false};  // NSAP-PTR NXT DNAME NSEC
    case 24:
    case 46:
      return {18, 1, false};  // SIG RRSIG
    case 26:
      return {2, 2, false};  // PX
    case 33:
      return {6, 1, false};  // SRV
    case 64:
    case 65:
      return {2, 1, false};  // SVCB HTTPS
    case 249:
    case 250:
      return {0, 1, false};  // TKEY TSIG
    default:
      return {};
  }
}

RdataLayout rdata_layout(const Record& record) {
  if (record.type != RRType::naptr) return rdata_layout(record.type);
  size_t at = 4;  // order, preference
  for (int i = 0; i < 3 && at < record.rdata.size(); ++i) at += record.rdata[at] + 1U;
  if (at >= record.rdata.size() || at > UINT8_MAX) return {};
  return {static_cast<uint8_t>(at), 1, false};
}

}  // namespace portolan::dns
