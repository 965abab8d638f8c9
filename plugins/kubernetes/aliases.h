// ExternalName services and endpoints that are names: an alias and what lies behind it, in this zone or, through the
// whole server, anywhere else.
#pragma once

#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/cluster_state.h"

namespace portolan::kubernetes {

/// Answers `type` (A or AAAA) for one name that has aliases. Holds no pointer into the index while it waits.
class AliasWalk {
 public:
  /// `standing` is asked anew after each wait: a reload may have put another index in place.
  AliasWalk(server::Query& query, const Settings& settings, const Standing& standing, dns::NameView zone,
            bool multicluster, dns::RRType type)
      : query_(query),
        settings_(settings),
        standing_(standing),
        zone_(zone),
        multicluster_(multicluster),
        type_(type),
        path_(query.arena()) {}

  /// Adds the records of `name` to `out`; false when the name does not exist.
  Task<bool> walk(dns::NameView name, Records* out);
  /// Whether an answer from elsewhere was cut short.
  bool truncated() const { return truncated_; }
  /// False: a target was not found, but not all of the cluster is known.
  bool is_sure() const { return sure_; }
  /// Whether all addresses are those of headless services of this zone.
  bool ends_headless() const { return any_headless_ && !any_other_; }

 private:
  using Targets = ArenaVector<dns::NameView>;

  Found here(dns::NameView name, Records& out, Targets& targets);

  server::Query& query_;
  const Settings& settings_;
  const Standing& standing_;
  const dns::NameView zone_;
  const bool multicluster_;
  const dns::RRType type_;
  Targets path_;  // the targets that led here
  unsigned followed_ = 0;
  bool truncated_ = false, any_headless_ = false, any_other_ = false;
  bool sure_ = true;
};

}  // namespace portolan::kubernetes
