// transfer: hands out the zones of the block's other plugins (AXFR, RFC 5936; IXFR, RFC 1995) and tells secondaries
// that they have changed (NOTIFY, RFC 1996). With `journal` it keeps what changes between the versions of a zone.
#pragma once

#include <optional>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "plugins/common/version_keeper.h"
#include "plugins/transfer/journals.h"
#include "plugins/transfer/notices.h"
#include "server/plugin.h"

namespace portolan::transfer {

/// Who may have a zone and hears of changes.
struct Recipient {
  std::optional<SocketAddress> address;     // none: everybody, and nobody hears
  std::shared_ptr<const dns::TsigKey> key;  // that questions must be signed with, and NOTIFY messages are; null: none

  /// `signed_with`: the key of a good signature, if there was one.
  bool allows(const IpAddress& client, std::optional<dns::NameView> signed_with) const;
};

/// One `transfer` directive.
struct Rule {
  std::vector<dns::Name> zones;  // lower case
  std::vector<Recipient> to;
  std::optional<IpAddress> source;  // of NOTIFY messages
  bool journal = false;             // changes are kept
  std::string journal_folder;       // on disk too; empty: in memory alone

  /// Whether one of the recipients is who asks.
  bool allows(const server::Query& query) const;
};

/// All `transfer` directives of a server block. Workers read what does not change once it is prepared, and ask the
/// journals; everything else is the main thread's.
class Transfer : public server::Handler,
                 public server::Startable,
                 public server::Adopter,
                 public server::Notifier,
                 public VersionKeeper {
 public:
  Transfer(std::vector<Rule> rules, const server::Block& block, Loop& background, const Clock& clock,
           std::shared_ptr<JournalFiles> files)
      : rules_(std::move(rules)),
        block_(block),
        notices_(background, std::chrono::seconds(2), clock),
        journals_(background, std::move(files)) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Journals go on.
  void adopt(const std::shared_ptr<server::Handler>& previous) override;
  Result<void> prepare() override;
  void serving() override { journals_.serving(); }
  void stop(server::Deadline) noexcept override { notices_.clear(); }
  void notify(dns::NameView zone) override;
  void keep(const std::shared_ptr<const zones::ZoneTree>& tree) override;
  void forget(const dns::Name& zone) override { journals_.forget(zone); }

 private:
  const Rule* rule_of(dns::NameView lower) const;

  const std::vector<Rule> rules_;
  const server::Block& block_;
  std::vector<server::Transferer*> transferers_;
  Notices notices_;
  Journals journals_;
};

}  // namespace portolan::transfer
