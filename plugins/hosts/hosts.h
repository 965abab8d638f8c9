// hosts: answers A, AAAA and PTR from a hosts file and from lines in the Corefile.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "plugins/common/fallthrough.h"
#include "plugins/hosts/hosts_data.h"
#include "server/plugin.h"

namespace portolan::hosts {

struct Options {
  std::string path = "/etc/hosts";
  std::vector<dns::Name> zones;  // lower case
  std::string inline_text;
  uint32_t ttl = 3600;
  std::chrono::nanoseconds reload = std::chrono::seconds(5);  // 0: never
  bool reverse = true;
  Fallthrough fallthrough;
  bool fallthrough_unsupported = false;
};

/// Workers read, without a lock; the file is looked at on the background loop only.
class Hosts : public server::Handler, public server::Startable {
 public:
  Hosts(Options options, Loop& background);
  ~Hosts() override;

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline deadline) noexcept override;

  /// Reads the file if its size or time has changed. On the background loop.
  void read_file();

 private:
  void schedule();
  void add_addresses(const HostsData::Addresses* found, server::Query& query) const;
  void add_names(const HostsData& data, const IpAddress& address, server::Query& query) const;

  const Options options_;
  Loop& background_;
  const HostsData inline_;
  std::atomic<const HostsData*> file_;  // replaced as a whole
  std::optional<Timer> timer_;
  struct Version {
    int64_t seconds = 0, nanoseconds = 0, size = -1;
    bool operator==(const Version&) const = default;
  } version_;  // of the file that was read
};

}  // namespace portolan::hosts
