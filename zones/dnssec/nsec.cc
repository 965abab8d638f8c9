// The next name, then the types.
#include "zones/dnssec/nsec.h"

#include "dns/type_bitmap.h"

namespace portolan::zones {

std::string nsec_rdata(dns::NameView next, std::span<const dns::RRType> types) {
  std::string out(reinterpret_cast<const char*>(next.data()), next.size());
  dns::append_type_bitmap(out, types);
  return out;
}

}  // namespace portolan::zones
