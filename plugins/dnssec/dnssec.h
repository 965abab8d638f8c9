// The handler of `dnssec`: signs what the plugins behind it answer.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "plugins/common/listener_counter.h"
#include "plugins/dnssec/denial.h"
#include "plugins/dnssec/signature_table.h"
#include "server/plugin.h"
#include "zones/dnssec/rrsig.h"

namespace portolan::dnssec {

struct Options {
  std::vector<dns::Name> zones;  // lower case
  zones::KeySet keys;
  int64_t capacity = 10000;  // rrsets whose signatures are kept
  bool compact_denial = false;
};

/// One for a server block, for all workers. What has a signature in the table is answered without cryptography, locks
/// or memory from the heap; what has none is signed on the spot.
class Dnssec : public server::Handler, public server::Startable, public server::Adopter {
 public:
  Dnssec(Options options, unsigned workers, const Clock& clock);
  ~Dnssec() override { Dnssec::stop({}); }

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override;
  /// The same keys make the same signatures: those that were made are kept.
  void adopt(const std::shared_ptr<server::Handler>& previous) override;

  const SignatureTable& table() const { return *table_; }

 private:
  struct Zone {
    dns::Name name;
    RRsetKey hash;
  };
  /// What is being signed: a reply, on behalf of a zone, at a time.
  struct Work {
    server::Query& query;
    const Zone& zone;  // of the question
    uint32_t now;      // seconds since the Unix epoch
  };

  const Zone* zone_of(dns::NameView name) const;
  server::Outcome answer_keys(server::Query& query, const Zone& zone);
  Task<server::Outcome> wait_for(server::Query& query, Task<server::Outcome> task, const Zone& zone);
  server::Outcome finish(server::Query& query, const server::Outcome& outcome, const Zone& zone);

  void sign_delegation(const Work& work);
  void sign_denial(const Work& work);
  void sign_section(const Work& work, ArenaVector<dns::Record>& section);
  bool deny(const Work& work, Denied denied, uint32_t ttl, ArenaVector<dns::Record>& to);
  void sign(const Work& work, std::span<const dns::Record> rrset, const Zone& signer, ArenaVector<dns::Record>& to);
  bool find(const Work& work, const RRsetKey& key, const dns::Record& first, ArenaVector<dns::Record>& to);
  std::unique_ptr<const Signatures> make(const Work& work, std::span<const dns::Record> rrset, const Zone& signer,
                                         const RRsetKey& key) const;
  uint32_t now() const;

  const Options options_;
  const Clock& clock_;
  std::vector<Zone> zones_;  // longest first
  std::shared_ptr<SignatureTable> table_;
  ListenerCounter hits_, misses_;
  uint64_t scrape_hook_ = 0;
  Guarded<std::set<std::string>> listeners_;  // labels of those for which something was signed
};

}  // namespace portolan::dnssec
