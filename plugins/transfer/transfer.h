// transfer: hands out the zones of the block's other plugins (AXFR, RFC 5936; IXFR, RFC 1995) and tells secondaries
// that they have changed (NOTIFY, RFC 1996).
#pragma once

#include <optional>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "plugins/transfer/notices.h"
#include "server/plugin.h"

namespace portolan::transfer {

/// One `transfer` directive.
struct Rule {
  std::vector<dns::Name> zones;  // lower case
  bool everyone = false;         // `to *`
  std::vector<SocketAddress> to;
  std::optional<IpAddress> source;  // of NOTIFY messages

  bool allows(const IpAddress& client) const;
};

/// All `transfer` directives of a server block. Workers read what does not change once it is prepared; notify() and the
/// messages it sends are the main thread's.
class Transfer : public server::Handler, public server::Startable, public server::Notifier {
 public:
  Transfer(std::vector<Rule> rules, const server::Block& block, Loop& background)
      : rules_(std::move(rules)), block_(block), notices_(background) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override { notices_.clear(); }
  void notify(dns::NameView zone) override;

 private:
  const Rule* rule_of(dns::NameView lower) const;

  const std::vector<Rule> rules_;
  const server::Block& block_;
  std::vector<server::Transferer*> transferers_;
  Notices notices_;
};

}  // namespace portolan::transfer
