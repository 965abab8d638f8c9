// The records of one question: from services, and from behind the names that they point to, in this zone or, through
// the whole server, anywhere else.
#pragma once

#include "plugins/etcd/lookup.h"
#include "plugins/etcd/state.h"
#include "server/query.h"

namespace portolan::etcd {

using Records = ArenaVector<dns::Record>;

/// For one query on its worker. Holds no pointer into the store while it waits.
class Answers {
 public:
  Answers(server::Query& query, const Standing& standing, std::string_view prefix, const LeaseBounds& bounds,
          dns::NameView zone)
      : query_(query), standing_(standing), prefix_(prefix), bounds_(bounds), zone_(zone), path_(query.arena()) {}

  /// A, AAAA or TXT of `name`, with the aliases on the way.
  Task<Found> walk(dns::NameView name, dns::RRType type, Records* out);
  /// SRV or MX, with the addresses of their targets.
  Task<Found> hosts(dns::NameView name, dns::RRType type, Records* out, Records* additional);
  /// CNAME or PTR, of this very key.
  Found names(dns::NameView name, dns::RRType type, Records& out);
  /// NS of the zone, from below ns.dns.ZONE.
  Found name_servers(dns::NameView name, Records& out, Records& additional);
  /// Whether a name is there, for types that have no records.
  Found exists(dns::NameView lower);

  /// Whether an answer from elsewhere was cut short.
  bool truncated() const { return truncated_; }
  /// Why the question cannot be answered; in the arena or static.
  std::string_view cause() const { return cause_; }

 private:
  struct Step;
  class Seen;

  Found find(dns::NameView lower, Wanted wanted, Selection& selection);
  Found find_addresses(dns::NameView lower, Wanted wanted, Selection& selection);
  Found failed(Found found, const Selection& selection);
  Task<bool> follow(dns::NameView target, dns::RRType type, bool without_aliases, Records* out);
  dns::Record address(const Service& service, dns::NameView owner);
  ArenaVector<Step> host_steps(const Selection& selection, dns::NameView name, dns::RRType type);
  void push(Records& out, const dns::Record& record) const;

  server::Query& query_;
  const Standing& standing_;
  const std::string_view prefix_;
  const LeaseBounds& bounds_;
  const dns::NameView zone_;
  ArenaVector<dns::NameView> path_;   // the targets that led here
  int followed_ = 0, elsewhere_ = 0;  // names of this zone, and of others
  bool truncated_ = false;
  std::string_view cause_ = "etcd has not been read yet";
};

}  // namespace portolan::etcd
