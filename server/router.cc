// Longest-suffix routing.
#include "server/router.h"

#include <algorithm>

namespace portolan::server {

void Router::add(const dns::Name& zone, const Block& block) {
  if (at(zone.view())) return;  // the first block of a zone has it
  index_.emplace(zone, routes_.size());
  routes_.push_back({&block, zone});
  most_labels_ = std::max(most_labels_, zone.view().label_count());
  label_counts_ |= uint64_t{1} << std::min(zone.view().label_count(), 63U);
}

const Router::Route* Router::at(dns::NameView zone) const {
  // A handful of zones is the rule: comparing beats hashing.
  if (routes_.size() <= 4) {
    for (const Route& route : routes_) {
      if (route.zone.view().equals(zone)) return &route;
    }
    return nullptr;
  }
  const auto found = index_.find(zone);
  return found == index_.end() ? nullptr : &routes_[found->second];
}

const Router::Route* Router::find(dns::NameView lower, dns::RRType type) const {
  if (most_labels_ == 0) return routes_.empty() ? nullptr : &routes_.front();  // the root's block at most
  const Route* shortest = nullptr;                                             // so far, for a DS question
  unsigned labels = lower.label_count();
  dns::NameView name = lower;
  for (; labels > most_labels_; --labels) name = name.parent();
  for (;; name = name.parent(), --labels) {
    if (label_counts_ >> std::min(labels, 63U) & 1) {
      if (const Route* route = at(name)) {
        if (type != dns::RRType::ds) return route;
        if (labels > 0 || !shortest) shortest = route;  // the root's block forwards as a rule: its children know better
      }
    }
    if (labels == 0) return shortest;
  }
}

}  // namespace portolan::server
