// From right to left: svc or pod, the namespace, the service, then one label (an endpoint), two (port and protocol, or
// endpoint and cluster), or a topology zone.
#include "plugins/kubernetes/name_parse.h"

#include <algorithm>

namespace portolan::kubernetes {
namespace {

// Five labels at most have a meaning; a sixth makes the name invalid, unless it is a topology zone's.
constexpr unsigned kMostLabels = 5;

std::string_view without_underscore(std::string_view label) { return label.substr(label.starts_with('_') ? 1 : 0); }

/// The labels in front of the zone, from the right: [0] is svc or pod.
class Labels {
 public:
  explicit Labels(std::string_view octets) : octets_(octets) {
    for (size_t at = 0; at < octets.size(); at += static_cast<uint8_t>(octets[at]) + 1u) {
      starts_[count_++] = static_cast<uint8_t>(at);
    }
  }
  unsigned count() const { return count_; }
  std::string_view operator[](unsigned from_right) const {
    const size_t at = starts_[count_ - 1 - from_right];
    return octets_.substr(at + 1, static_cast<uint8_t>(octets_[at]));
  }
  /// Label number `from_right` and all to the right of it, in wire form.
  std::string_view from(unsigned from_right) const { return octets_.substr(starts_[count_ - 1 - from_right]); }
  /// All labels to the left of label number `from_right`, in wire form.
  std::string_view before(unsigned from_right) const { return octets_.substr(0, starts_[count_ - 1 - from_right]); }

 private:
  std::string_view octets_;
  unsigned count_ = 0;
  uint8_t starts_[dns::kMaxName / 2 + 1];
};

bool is_pod_label(std::string_view label, const Grammar& grammar) {
  if (grammar.pod_labels.empty()) return label == "pod";
  return std::find(grammar.pod_labels.begin(), grammar.pod_labels.end(), label) != grammar.pod_labels.end();
}

// TOPOLOGYZONE.pin._zone.SERVICE.NAMESPACE.svc; the zone may have several labels.
bool take_topology_zone(const Labels& labels, const Grammar& grammar, ParsedName& result) {
  if (!grammar.zonal || grammar.multicluster || result.kind != NameKind::service || labels[3] != "_zone") return false;
  result.prefer_zone = labels[4] == "prefer";
  if (!result.prefer_zone && labels[4] != "pin") return false;
  result.zone = labels.before(4);
  return true;
}

}  // namespace

ParsedName parse_name(dns::NameView lower, dns::NameView zone, const Grammar& grammar) {
  ParsedName result;
  const auto octets = lower.labels_before(zone);
  const Labels labels(std::string_view(reinterpret_cast<const char*>(octets.data()), octets.size()));
  const unsigned count = labels.count();
  if (count == 0) {
    result.kind = NameKind::empty;
    return result;
  }
  const bool is_service = labels[0] == "svc";
  if (!is_service && !is_pod_label(labels[0], grammar)) return result;
  if (count == 1) {
    result.kind = NameKind::empty;
    return result;
  }
  result.kind = is_service ? NameKind::service : NameKind::pod;
  if (count > kMostLabels && !take_topology_zone(labels, grammar, result)) return {};
  result.space = labels[1];
  if (count == 2) return result;
  result.service = labels[2];
  result.key = labels.from(2);
  if (count == 4) {
    result.endpoint = labels[3];
    result.host = labels.before(2);
  } else if (count == 5) {
    if (grammar.multicluster && !labels[3].starts_with('_') && !labels[4].starts_with('_')) {
      result.endpoint = labels[4];
      result.cluster = labels[3];
      result.host = labels.before(2);
    } else {
      result.port = without_underscore(labels[4]);
      result.protocol = without_underscore(labels[3]);
    }
  }
  return result;
}

}  // namespace portolan::kubernetes
