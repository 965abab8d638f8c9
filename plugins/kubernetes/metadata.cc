// kubernetes/...: what *metadata* gives about a query: the name in its parts, and the pod that asks.
#include <algorithm>

#include "base/rcu.h"
#include "plugins/common/arena_copy.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/name_parse.h"

namespace portolan::kubernetes {
namespace {

using dns::NameView;
using Text = std::optional<std::string_view>;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The labels of a topology zone, with dots between them.
std::string_view text_of(std::string_view labels, Arena& arena) {
  if (labels.empty()) return {};
  std::span<uint8_t> text = arena.bytes(labels.size());
  std::copy(labels.begin(), labels.end(), text.begin());
  for (size_t at = 0; at < labels.size(); at += static_cast<uint8_t>(labels[at]) + 1u) text[at] = '.';
  return {reinterpret_cast<const char*>(text.data()) + 1, text.size() - 1};
}

// `known` tells whether the address of the client is a pod's; `in_zone` whether the name lies in one of the zones.
class Labels final : public server::MetadataSource {
 public:
  Labels(const Settings& settings, bool known, const Client& client, bool in_zone, NameView name, NameView zone)
      : settings_(settings), known_(known), in_zone_(in_zone), client_(client), name_(name), zone_(zone) {}

  Text value(std::string_view label, Arena& arena) const override {
    if (!take_prefix(label, "kubernetes/")) return {};
    if (take_prefix(label, "client-")) return known_ ? of_client(label) : Text();
    return in_zone_ ? of_name(label, arena) : Text();
  }

  const MetadataSource* clone(Arena& arena) const override {
    return arena.make<Labels>(settings_, known_, client_.copy(arena), in_zone_, name_copy(name_, arena),
                              name_copy(zone_, arena));
  }

 private:
  Text of_client(std::string_view label) const {
    if (label == "namespace") return client_.space;
    if (label == "pod-name") return client_.name;
    std::string_view value;
    return take_prefix(label, "label/") && client_.label(label, value) ? Text(value) : Text();
  }

  // A part that the name has not is empty, and no reason to say that nothing is known.
  Text of_name(std::string_view label, Arena& arena) const {
    const Grammar grammar{settings_.is_multicluster(zone_), settings_.zonal, settings_.pod_labels};
    const ParsedName parsed = parse_name(name_, zone_, grammar);
    if (parsed.kind == NameKind::invalid) return label == "parse-error" ? Text("invalid query name") : Text();
    if (label == "port-name") return parsed.port;
    if (label == "protocol") return parsed.protocol;
    if (label == "endpoint") return parsed.endpoint;
    if (label == "service") return parsed.service;
    if (label == "namespace") return parsed.space;
    if (label == "cluster" && grammar.multicluster) return parsed.cluster;
    if (label == "zone" && grammar.zonal) return text_of(parsed.zone, arena);
    if (label != "kind") return {};
    return parsed.kind == NameKind::service ? "svc" : parsed.kind == NameKind::pod ? "pod" : "";
  }

  const Settings& settings_;  // of the handler, which outlives its queries
  bool known_, in_zone_;
  Client client_;
  NameView name_, zone_;
};

}  // namespace

// The pod is looked up now, since it may be gone when somebody asks.
void Kubernetes::annotate(server::Query& query, server::Metadata& metadata) const {
  Client client;
  bool known = false;
  if (options_.settings.pods == PodMode::verified) {
    const rcu::ReadGuard reading;
    if (const ClientPod* pod = index().client(query.client.ip.unmapped())) {
      client = pod->client().copy(query.arena());
      known = true;
    }
  }
  const NameView name = query.question.lower;
  const dns::Name* zone = zone_of(name);
  metadata.add(*query.arena().make<Labels>(options_.settings, known, client, zone != nullptr, name,
                                           zone ? zone->view() : NameView()));
}

}  // namespace portolan::kubernetes
