// The signed zone as a file: written whole or not at all, and its age.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/rdata_text.h"

namespace portolan::sign {

/// Writes `records`, a line each, into a new file in `directory`, which then takes the place of `path` there. Error:
/// "open PATH: permission denied" and the like; `path` is as it was then.
Result<void> write_signed_file(const std::string& directory, const std::string& path,
                               const std::vector<dns::OwnedRecord>& records);

/// The fields of a signature that its age is told by.
struct SoaSignature {
  uint32_t inception = 0, expiration = 0;
  uint16_t key_tag = 0;
};

/// The signatures over the SOA in `text`, which stand among its first 100 records. Error: it is no zone file.
Result<std::vector<SoaSignature>> soa_signatures(std::string_view text);

}  // namespace portolan::sign
