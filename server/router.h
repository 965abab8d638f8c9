// Router: which server block answers a name on one listener. Longest suffix first; the blocks of one zone in the
// Corefile's order, which matters where a block has a view (server/view_choice.h).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "dns/name.h"
#include "server/query.h"

namespace portolan::server {

class Router {
 public:
  struct Route {
    const Block* block = nullptr;
    dns::Name zone;
    size_t also = 0;  // the next route of the same zone; 0: none
  };

  void add(const dns::Name& zone, const Block& block);
  /// The block for a question; null when no key matches. A DS question goes to the shortest zone that matches, the root
  /// excepted: the parent's side of a cut has the DS (RFC 4035 section 3.1.4.1), and CoreDNS tells no more apart.
  /// `lower` is the name in lower case.
  const Route* find(dns::NameView lower, dns::RRType type) const;
  /// Whether blocks must be asked whose queries they take: find() does not.
  bool has_views() const { return has_views_; }
  /// The first route of exactly this zone, in lower case; null when there is none.
  const Route* at(dns::NameView zone) const;
  /// The next one of the same zone; null behind the last.
  const Route* after(const Route& route) const { return route.also ? &routes_[route.also] : nullptr; }
  /// Whether any block takes classes other than IN (`chaos`, `forward`).
  bool other_classes() const { return other_classes_; }
  void allow_other_classes() { other_classes_ = true; }
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::unordered_map<dns::Name, size_t, dns::NameHash, dns::NameEqual> index_;
  uint64_t label_counts_ = 0;  // bit n: some zone has n labels (63: or more)
  unsigned most_labels_ = 0;   // of any zone
  bool other_classes_ = false;
  bool has_views_ = false;
};

}  // namespace portolan::server
