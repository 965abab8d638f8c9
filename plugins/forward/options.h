// What one `forward` directive says, as plain values, and how it is read from the Corefile.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "plugins/forward/policy.h"
#include "plugins/forward/target.h"
#include "server/setup.h"

namespace portolan::forward {

using std::chrono::nanoseconds;

constexpr size_t kMostTargets = 15;  // words behind FROM, as CoreDNS

struct Options {
  dns::Name from;
  std::vector<TargetWord> to;
  std::vector<dns::Name> except;
  bool force_tcp = false;
  bool prefer_udp = false;
  nanoseconds expire = std::chrono::seconds(10);
  nanoseconds max_age{0};       // 0: no limit
  uint32_t max_idle_conns = 0;  // 0: no limit
  nanoseconds read_timeout = std::chrono::seconds(2);
  uint32_t max_fails = 2;
  std::optional<uint32_t> max_connect_attempts;  // unset: twice the upstreams; 0: no limit
  std::vector<std::string> tls_files;            // [CA] | CERT KEY [CA], with the block's root in front
  std::string tls_servername;
  PolicyKind policy = PolicyKind::random;
  nanoseconds health_interval = std::chrono::milliseconds(500);
  bool health_recursion = true;
  dns::Name health_domain;
  uint64_t max_concurrent = 0;  // 0: no limit
  std::vector<dns::Rcode> next_rcodes, failover_rcodes;
  bool next_on_nodata = false;
  bool failfast = false;
  std::optional<IpAddress> source_address;
  std::vector<SocketAddress> resolvers;
};

std::span<const corefile::Option> option_table();

/// Reads one directive. Warnings go to `setup`.
Result<Options> read_options(server::Setup& setup, const corefile::ParsedDirective& directive);

}  // namespace portolan::forward
