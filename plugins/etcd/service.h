// What one key of etcd says: SkyDNS's description of a service, a JSON object, made ready for answers when it is read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "dns/name.h"

namespace portolan::etcd {

/// How long a lease lasts. One writer; workers read `state`, then `ends`.
struct Lease {
  enum class State : uint8_t {
    asked,    // not known yet
    unknown,  // etcd does not say: it has gone, or nobody may ask
    known,
  };
  int64_t id = 0;
  std::atomic<State> state{State::asked};
  std::atomic<int64_t> ends{0};  // steady clock in nanoseconds; true when it was read, and later unless it is renewed
};

/// Bounds of the TTLs that come from leases, in seconds.
struct LeaseBounds {
  uint32_t least = 30, most = 86400;
};

/// Unchanging, but for the lease.
struct Service {
  /// What `host` holds; text: no address, and there is a text.
  enum class Kind : uint8_t { a, aaaa, name, text };

  std::string key;
  std::string host;
  std::string text;
  std::string group;
  std::string problem;  // why the value cannot be read; everything below is then empty
  Kind kind = Kind::name;
  bool mail = false;
  IpAddress address;
  dns::Name target;                          // `host` as a name, whatever its kind
  dns::Name own;                             // the name of the key
  bool has_target = false, has_own = false;  // whether those are names at all
  uint32_t ttl = 0;                          // 0: none is given
  int64_t port = 0, priority = 10, weight = 0, strip = 0;
  uint32_t slashes = 0;  // in the key
  std::shared_ptr<const Lease> lease;

  /// The smaller of the value's and the lease's TTL; 300 when there is neither.
  uint32_t ttl_now(const LeaseBounds& bounds, SteadyTime now) const;
};

/// Reads `value` as Go's encoding/json does: member names in any case, the last one of a name counts, null changes
/// nothing, broken UTF-8 becomes U+FFFD. A value that is no such object gives a service with a `problem`.
std::shared_ptr<Service> read_service(std::string key, std::string_view value);

}  // namespace portolan::etcd
