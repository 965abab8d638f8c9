// Longest-suffix routing.
#include "server/router.h"

#include <algorithm>

#include "server/setup.h"

namespace portolan::server {

void Router::add(const dns::Name& zone, const Block& block) {
  const size_t added = routes_.size();
  if (const Route* first = at(zone.view())) {
    size_t last = static_cast<size_t>(first - routes_.data());
    while (routes_[last].also) last = routes_[last].also;
    routes_[last].also = added;
  }
  index_.emplace(zone, added);  // keeps the first one
  routes_.push_back({&block, zone});
  most_labels_ = std::max(most_labels_, zone.view().label_count());
  has_views_ = has_views_ || block.viewer_;
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
