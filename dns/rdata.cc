// Rdata of the types that the server makes and looks into itself.
#include "dns/rdata.h"

#include <algorithm>
#include <array>

#include "dns/reader.h"
#include "dns/wire_writer.h"

namespace portolan::dns {
namespace {

/// Takes the name that `rest` begins with.
bool take_name(std::span<const uint8_t>& rest, NameView& name) {
  const size_t size = uncompressed_name_size(rest);
  if (size == 0) return false;
  name = {rest.data(), static_cast<uint8_t>(size)};
  rest = rest.subspan(size);
  return true;
}

}  // namespace

std::span<const uint8_t> a_rdata(const IpAddress& v4, Arena& arena) { return arena.copy(v4.octets().first(4)); }

std::span<const uint8_t> aaaa_rdata(const IpAddress& v6, Arena& arena) { return arena.copy(v6.octets()); }

std::span<const uint8_t> srv_rdata(uint16_t priority, uint16_t weight, uint16_t port, NameView target, Arena& arena) {
  const auto rdata = arena.bytes(6 + target.size());
  put(put16(put16(put16(rdata.data(), priority), weight), port), target.wire());
  return rdata;
}

std::span<const uint8_t> mx_rdata(uint16_t preference, NameView exchange, Arena& arena) {
  const auto rdata = arena.bytes(2 + exchange.size());
  put(put16(rdata.data(), preference), exchange.wire());
  return rdata;
}

std::span<const uint8_t> txt_rdata(std::span<const std::string_view> strings, Arena& arena) {
  constexpr size_t kMaxString = 255;
  size_t size = 0;
  for (const std::string_view string : strings) size += 1 + std::min(string.size(), kMaxString);
  const auto rdata = arena.bytes(std::max<size_t>(size, 1));
  if (strings.empty()) {
    rdata[0] = 0;  // one empty string: rdata of TXT is never empty
    return rdata;
  }
  uint8_t* at = rdata.data();
  for (const std::string_view string : strings) {
    const size_t length = std::min(string.size(), kMaxString);
    *at++ = static_cast<uint8_t>(length);
    if (length != 0) std::memcpy(at, string.data(), length);
    at += length;
  }
  return rdata;
}

std::span<const uint8_t> soa_rdata(const Soa& soa, Arena& arena) {
  const auto rdata = arena.bytes(soa.mname.size() + soa.rname.size() + 20);
  uint8_t* at = put(put(rdata.data(), soa.mname.wire()), soa.rname.wire());
  for (const uint32_t value : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) at = put32(at, value);
  return rdata;
}

bool parse_soa(std::span<const uint8_t> rdata, Soa& soa) {
  Soa read;
  if (!take_name(rdata, read.mname) || !take_name(rdata, read.rname) || rdata.size() != 20) return false;
  read.serial = read32(&rdata[0]);
  read.refresh = read32(&rdata[4]);
  read.retry = read32(&rdata[8]);
  read.expire = read32(&rdata[12]);
  read.minimum = read32(&rdata[16]);
  soa = read;
  return true;
}

NameView target_name(const Record& record) {
  const RdataLayout layout = rdata_layout(record.type);
  if (layout.names == 0 || record.rdata.size() <= layout.fixed_before) return {};
  std::span<const uint8_t> rest = record.rdata.subspan(layout.fixed_before);
  NameView name;
  return take_name(rest, name) ? name : NameView();
}

RRType signed_type(const Record& rrsig) {
  return rrsig.rdata.size() < 2 ? RRType::none : static_cast<RRType>(read16(rrsig.rdata.data()));
}

bool address_of(const Record& record, IpAddress& address) {
  if (record.type == RRType::a && record.rdata.size() == 4) {
    address = IpAddress::v4(record.rdata.first<4>());
    return true;
  }
  if (record.type == RRType::aaaa && record.rdata.size() == 16) {
    address = IpAddress::v6(record.rdata.first<16>());
    return true;
  }
  return false;
}

EdnsOption ede_option(EdeCode code, std::string_view text, Arena& arena) {
  const auto data = arena.bytes(2 + text.size());
  put16(data.data(), static_cast<uint16_t>(code));
  if (!text.empty()) std::memcpy(data.data() + 2, text.data(), text.size());
  return {static_cast<uint16_t>(OptionCode::ede), data};
}

}  // namespace portolan::dns
