// The `autopath` plugin: a client with `ndots:5` asks for every name with its search domains behind it, one after the
// other. The first of these questions is answered with what the last would give, so that the others are not asked.
#pragma once

#include <string>
#include <vector>

#include "corefile/ast.h"
#include "plugins/common/listener_counter.h"
#include "server/setup.h"

namespace portolan::autopath {

/// What the directive says: where search domains come from is either `search` or `provider`.
struct Options {
  std::vector<dns::Name> zones;   // lower case
  std::vector<dns::Name> search;  // of a resolv.conf file, lower case
  std::string provider;           // directive whose plugin knows the client's; empty: none
  corefile::Position at;
};

/// One instance for all workers; each counts for itself.
class Autopath : public server::Handler, public server::Startable {
 public:
  Autopath(Options options, const server::Block& block, unsigned workers);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Finds the provider: one that is in the block must know search paths; one that is not is warned of.
  Result<void> prepare() override;

 private:
  bool covers(dns::NameView lower) const;
  Task<server::Outcome> complete(server::Query& query, server::Next next, std::span<const dns::NameView> search);
  server::Outcome succeeded(server::Query& query, dns::NameView asked, server::Outcome outcome);

  const Options options_;
  const server::Block& block_;
  std::vector<dns::NameView> fixed_;              // options_.search
  const server::SearchPath* provider_ = nullptr;  // a handler of the same block
  ListenerCounter success_;
};

}  // namespace portolan::autopath
