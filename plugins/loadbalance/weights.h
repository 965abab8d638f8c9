// The weight file of `loadbalance weighted`: how likely each address of a name is to come first.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"

namespace portolan::loadbalance {

/// Unchanging once parsed; shared by all workers.
class Weights {
 public:
  /// A line with a name begins its list, a line `ADDRESS WEIGHT` (1 to 255) belongs to the name before; blank lines and
  /// lines that begin with `#` are left out. `file` is named in errors.
  static Result<Weights> parse(std::string_view text, const std::string& file);

  /// 1 for what the file does not list.
  unsigned of(dns::NameView owner, const IpAddress& address) const;

 private:
  struct Weight {
    IpAddress address;
    uint8_t value;
  };
  std::unordered_map<dns::Name, std::vector<Weight>, dns::NameHash, dns::NameEqual> names_;
};

}  // namespace portolan::loadbalance
