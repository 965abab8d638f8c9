// Fuzzes PROXY protocol headers: a header that comes in pieces is the same header, nothing behind it matters, and none
// is longer than it may be.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "server/listen/proxy_header.h"

using namespace portolan;
using namespace portolan::server;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void require_same(const ProxyHeader& a, const ProxyHeader& b) {
  require(a.version == b.version && a.size == b.size && a.local == b.local && a.datagram == b.datagram);
  require(a.has_addresses == b.has_addresses && a.source == b.source && a.destination == b.destination);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> octets(data, size);
  ProxyHeader header;
  const ProxyParse parse = read_proxy_header(octets, header);
  require(parse != ProxyParse::partial || size < kMostProxyHeader);
  require((parse == ProxyParse::malformed) == (*header.fault != 0));
  if (parse == ProxyParse::whole) {
    require(header.size <= size && header.size <= kMostProxyHeader && header.version != 0);
    if (header.has_addresses) require(!header.source.ip.is_v4_mapped() && !header.destination.ip.is_v4_mapped());
  }
  // What a piece says already is what the whole says.
  for (size_t length = 0; length < size; ++length) {
    ProxyHeader of_piece;
    const ProxyParse piece = read_proxy_header(octets.first(length), of_piece);
    if (piece == ProxyParse::partial) continue;
    require(piece == parse);
    if (piece == ProxyParse::whole) require_same(of_piece, header);
    break;
  }
  return 0;
}
