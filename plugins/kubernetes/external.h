// What the kubernetes plugin offers to k8s_external on purpose: its services as they are seen from outside the cluster.
// Names are SERVICE.NAMESPACE.ZONE and answer with external addresses and the addresses and names of load balancers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "dns/message.h"

namespace portolan::server {
class Handler;
}

namespace portolan::kubernetes {

class Kubernetes;

struct ExternalQuestion {
  dns::NameView name;   // as asked: the owner of the records
  dns::NameView lower;  // the same in lower case
  dns::RRType type;
  dns::NameView zone;     // lower case; `lower` lies below it
  dns::NameView primary;  // domain of PTR targets
  bool headless;          // headless services without external addresses answer with their endpoints
  uint32_t ttl;           // of addresses and PTR; aliases and SRV have the kubernetes plugin's own
};

/// Everything lies in the arena.
struct ExternalAnswer {
  explicit ExternalAnswer(Arena& arena) : answer(arena), additional(arena), aliases(arena) {}

  bool exists = false;
  bool synced = true;  // false: what does not exist may be not yet known
  ArenaVector<dns::Record> answer, additional;
  /// Names that the service is known by elsewhere. A, AAAA: the question's name is an alias of each, repeated for every
  /// port. SRV: `answer` has them as targets, their addresses are missing; each is here once.
  ArenaVector<dns::NameView> aliases;
};

/// A plain value, for any worker. Every call reads the cluster's state in a read section of its own.
class ExternalNames {
 public:
  /// From the kubernetes plugin's handler, which must outlive it; nothing when `handler` is something else.
  static std::optional<ExternalNames> of(const server::Handler* handler);

  ExternalAnswer find(const ExternalQuestion& question, Arena& arena) const;
  /// The external addresses of this machine's DNS service, or the machine's own, as A and AAAA of `owner`.
  void add_server_addresses(dns::NameView owner, bool headless, uint32_t ttl, Arena& arena,
                            ArenaVector<dns::Record>& out) const;
  /// For the SOA of external zones: 0, then the Unix time of the last change of ports or external addresses.
  uint32_t serial() const;
  /// TTL of the kubernetes plugin.
  uint32_t ttl() const;
  /// Whether all of the cluster is known that external zones show.
  bool synced() const;

  /// For zone transfers: every service that may be seen from outside, as it stands now.
  std::vector<std::string> services() const;
  /// All records of one of services(), looked up anew; none when it is gone.
  void add_all(std::string_view service, dns::NameView zone, bool headless, uint32_t ttl, Arena& arena,
               ArenaVector<dns::Record>& out) const;

 private:
  explicit ExternalNames(const Kubernetes& cluster) : cluster_(&cluster) {}
  const Kubernetes* cluster_;
};

}  // namespace portolan::kubernetes
