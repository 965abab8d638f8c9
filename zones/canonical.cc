// Which types' names are lowered, and the lowering.
#include "zones/canonical.h"

namespace portolan::zones {
namespace {

using dns::RRType;

// RFC 4034 section 6.2 item 3, less NSEC (RFC 6840 section 5.1); newer types keep the case of their names (RFC 3597
// section 7).
bool has_lowered_names(RRType type) {
  switch (static_cast<uint16_t>(type)) {
    case 2:   // NS
    case 3:   // MD
    case 4:   // MF
    case 5:   // CNAME
    case 6:   // SOA
    case 7:   // MB
    case 8:   // MG
    case 9:   // MR
    case 12:  // PTR
    case 14:  // MINFO
    case 15:  // MX
    case 17:  // RP
    case 18:  // AFSDB
    case 21:  // RT
    case 24:  // SIG
    case 26:  // PX
    case 30:  // NXT
    case 33:  // SRV
    case 35:  // NAPTR
    case 36:  // KX
    case 39:  // DNAME
    case 46:  // RRSIG
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string canonical_rdata(const dns::Record& record) {
  std::string out(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
  if (!has_lowered_names(record.type)) return out;
  const dns::RdataLayout layout = dns::rdata_layout(record);
  size_t at = layout.fixed_before;
  for (unsigned name = 0; name < layout.names; ++name) {
    while (at < out.size() && out[at] != 0) {
      const size_t end = std::min(out.size(), at + 1 + static_cast<uint8_t>(out[at]));
      for (++at; at < end; ++at) out[at] = static_cast<char>(dns::kLower[static_cast<uint8_t>(out[at])]);
    }
    ++at;
  }
  return out;
}

}  // namespace portolan::zones
