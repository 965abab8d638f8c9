// From right to left: svc or pod, the namespace, the service, then one label (an endpoint) or two (port and protocol).
#include "plugins/kubernetes/name_parse.h"

namespace portolan::kubernetes {
namespace {

// Five labels at most have a meaning; a sixth makes the name invalid.
constexpr unsigned kMostLabels = 5;

std::string_view without_underscore(std::string_view label) { return label.substr(label.starts_with('_') ? 1 : 0); }

}  // namespace

ParsedName parse_name(dns::NameView lower, dns::NameView zone) {
  ParsedName result;
  const auto octets = lower.labels_before(zone);
  const std::string_view labels(reinterpret_cast<const char*>(octets.data()), octets.size());
  std::string_view found[kMostLabels + 1];
  unsigned count = 0;
  size_t last_three[3] = {0, 0, 0};  // where the labels begin that form the key
  std::string_view last;
  for (size_t at = 0; at < labels.size(); ++count) {
    const auto size = static_cast<uint8_t>(labels[at]);
    last = labels.substr(at + 1, size);
    if (count <= kMostLabels) found[count] = last;
    last_three[0] = last_three[1];
    last_three[1] = last_three[2];
    last_three[2] = at;
    at += size + 1u;
  }
  if (count == 0) {
    result.kind = NameKind::empty;
    return result;
  }
  const bool is_service = last == "svc";
  if (!is_service && last != "pod") return result;
  if (count == 1) {
    result.kind = NameKind::empty;
    return result;
  }
  if (count > kMostLabels) return result;
  result.kind = is_service ? NameKind::service : NameKind::pod;
  result.space = found[count - 2];
  if (count == 2) return result;
  result.service = found[count - 3];
  result.key = labels.substr(last_three[0]);
  if (count == 4) result.endpoint = found[0];
  if (count == 5) {
    result.port = without_underscore(found[0]);
    result.protocol = without_underscore(found[1]);
  }
  return result;
}

}  // namespace portolan::kubernetes
