// Records in presentation form, both ways: for zone files, templates, tests and logs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/message.h"
#include "dns/zone_text.h"

namespace portolan::dns {

/// A record that owns its octets.
struct OwnedRecord {
  Name owner;
  RRType type = RRType::none;
  RRClass cls = RRClass::in;
  uint32_t ttl = 0;
  std::string rdata;  // uncompressed wire form

  Record view() const {
    return {owner.view(), type, cls, ttl, {reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()}};
  }
};

/// One record of a zone file in one line ("example.org. 300 IN A 192.0.2.1"): relative names are completed with
/// `origin`, a missing TTL is `default_ttl`, a missing owner is `previous`. TTL units (1h30m) are understood.
Result<OwnedRecord> parse_record(std::string_view text, const Name& origin, uint32_t default_ttl,
                                 const Name& previous = {});

/// Rdata alone, in presentation form: parse_rdata(RRType::mx, "10 mail", origin). Errors name the field: "MX preference
/// 65536 is not within 0 to 65535".
Result<std::string> parse_rdata(RRType type, std::string_view text, NameView origin);
/// The same from the words of an entry.
Result<std::string> parse_rdata(RRType type, std::span<const ZoneWord> words, NameView origin);

/// "example.org.\t300\tIN\tA\t192.0.2.1", names with their case.
std::string record_text(const Record& record);
/// The rdata alone.
std::string rdata_text(RRType type, std::span<const uint8_t> rdata);

}  // namespace portolan::dns
