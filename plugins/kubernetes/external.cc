// Look-ups of services from outside: the name is taken apart, then the service's external addresses answer, or its
// endpoints.
#include "plugins/kubernetes/external.h"

#include <algorithm>

#include "base/rcu.h"
#include "plugins/common/arena_copy.h"
#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/kubernetes.h"
#include "plugins/kubernetes/local_endpoints.h"

namespace portolan::kubernetes {

using dns::NameView;
using dns::RRType;

namespace {

constexpr std::string_view kServiceLabel = "\3svc";  // the last of an index key, which external names lack

// [ENDPOINT. | _PORT._PROTOCOL.]SERVICE.NAMESPACE.ZONE; what is not there is empty and matches everything.
struct ExternalName {
  unsigned labels = 0;
  std::string_view space, endpoint, port, protocol;
  std::string_view service_and_space;  // as labels
};

std::string_view without_underscore(std::string_view label) { return label.substr(label.starts_with('_') ? 1 : 0); }

ExternalName parse(NameView lower, NameView zone) {
  constexpr unsigned kMostLabels = 4;
  const auto octets = lower.labels_before(zone);
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  ExternalName name;
  std::string_view found[kMostLabels];
  size_t last_two[2] = {0, 0};
  for (size_t at = 0; at < text.size(); at += static_cast<uint8_t>(text[at]) + 1u, ++name.labels) {
    name.space = text.substr(at + 1, static_cast<uint8_t>(text[at]));
    if (name.labels < kMostLabels) found[name.labels] = name.space;
    last_two[0] = last_two[1];
    last_two[1] = at;
  }
  if (name.labels >= 2) name.service_and_space = text.substr(last_two[0]);
  if (name.labels == 3) name.endpoint = without_underscore(found[0]);
  if (name.labels == 4) {
    name.port = without_underscore(found[0]);
    name.protocol = without_underscore(found[1]);
  }
  return name;
}

const Entry* service(const Index& index, std::string_view service_and_space) {
  char key[2 * (dns::kMaxLabel + 1) + kServiceLabel.size()];
  char* end = std::copy(service_and_space.begin(), service_and_space.end(), key);
  end = std::copy(kServiceLabel.begin(), kServiceLabel.end(), end);
  return index.services().find({key, static_cast<size_t>(end - key)});
}

// External addresses take precedence over endpoints, which also stand behind the name of one endpoint of any service.
bool choose_set(const Context& context, const ExternalName& name, bool headless, Selection& selection) {
  const Entry& entry = *selection.entry;
  selection.set = entry.external_addresses();
  selection.kind = Selection::Kind::own;
  if (selection.set) return true;
  if (!headless || (entry.form() != Form::headless && name.endpoint.empty())) return false;
  if (!context.index.known(cluster::Kind::endpoint_slice)) return false;
  selection.set = &entry.endpoints();
  selection.kind = Selection::Kind::endpoints;
  if (name.endpoint.empty()) return true;
  selection.one_host = true;
  char host[dns::kMaxLabel + 1] = {static_cast<char>(name.endpoint.size())};  // in wire form
  const char* const end = std::copy(name.endpoint.begin(), name.endpoint.end(), host + 1);
  selection.host = entry.find_host(*selection.set, {host, static_cast<size_t>(end - host)});
  return selection.host != kNoHost;
}

Found select(const Context& context, const ExternalName& name, bool headless, Selection& selection) {
  if (exposure(context.settings, context.index, name.space) != Exposure::shown) return Found::no_name;
  if (name.labels == 1) return Found::nothing;
  if (name.labels > 4) return Found::no_name;
  selection.entry = service(context.index, name.service_and_space);
  if (!selection.entry || !choose_set(context, name, headless, selection)) return Found::no_name;
  const std::string_view key = selection.entry->key();
  selection.key = key.substr(0, key.size() - kServiceLabel.size());
  selection.port = name.port;
  selection.protocol = name.protocol;
  bool any = false;
  selection.each([&](const PairRow&, const PortRow&) {
    any = true;
    return false;
  });
  return any ? Found::records : Found::no_name;
}

// Once for every port, as there are.
void add_aliases(const Context& context, const Selection& selection, ArenaVector<NameView>& out) {
  const Set& set = *selection.set;
  if (set.name_count == 0) return;
  const auto copies = context.arena.array<NameView>(set.name_count);
  std::fill(copies.begin(), copies.end(), NameView());
  selection.each([&](const PairRow& pair, const PortRow&) {
    const uint32_t addresses = set.v4_count + set.v6_count;
    if (pair.address < addresses) return true;
    NameView& copy = copies[pair.address - addresses];
    if (copy.is_root()) {
      copy = name_copy(selection.entry->text(selection.entry->names(set)[pair.address - addresses]), context.arena);
    }
    out.push_back(copy);
    return true;
  });
}

void add_names(const Context& context, const ReverseNode& node, const ExternalQuestion& question, Records& out) {
  node.each([&](const ReverseNode::Target& target) {
    const auto labels = target.key.substr(0, target.key.size() - kServiceLabel.size());
    const auto space = labels.substr(static_cast<uint8_t>(labels[0]) + 2u);
    const auto& wanted = context.settings.namespaces;
    if (!wanted.empty() && exposure(context.settings, context.index, space) != Exposure::shown) return true;
    const NameView name = under(context, labels, question.primary);
    if (!name.is_root()) out.push_back({question.name, RRType::ptr, dns::RRClass::in, question.ttl, name.wire()});
    return true;
  });
}

void set_ttl(Records& records, uint32_t ttl) {
  for (dns::Record& record : records) record.ttl = ttl;
}

}  // namespace

std::optional<ExternalNames> ExternalNames::of(const server::Handler* handler) {
  const auto* cluster = dynamic_cast<const Kubernetes*>(handler);
  if (!cluster) return std::nullopt;
  return ExternalNames(*cluster);
}

ExternalAnswer ExternalNames::find(const ExternalQuestion& question, Arena& arena) const {
  ExternalAnswer result(arena);
  const rcu::ReadGuard reading;
  const Context context{cluster_->options().settings, cluster_->index(), arena, question.zone};
  result.synced = context.is_sure;
  IpAddress address;
  if (question.type == RRType::ptr && address_of_full_reverse(question.lower, address)) {
    if (const ReverseNode* node = context.index.external_names_of(address)) {
      add_names(context, *node, question, result.answer);
    }
    result.exists = !result.answer.empty();
    return result;
  }
  Selection selection;
  const Found found = select(context, parse(question.lower, question.zone), question.headless, selection);
  result.exists = found != Found::no_name;
  if (found != Found::records) return result;
  if (question.type == RRType::a || question.type == RRType::aaaa) {
    add_addresses(context, selection, question.type, question.name, result.answer);
    set_ttl(result.answer, question.ttl);
    add_aliases(context, selection, result.aliases);
  } else if (question.type == RRType::srv) {
    add_services(context, selection, question.name, result.answer, result.additional, &result.aliases);
    set_ttl(result.additional, question.ttl);
  }
  return result;
}

void ExternalNames::add_server_addresses(NameView owner, bool headless, uint32_t ttl, Arena& arena,
                                         ArenaVector<dns::Record>& out) const {
  const rcu::ReadGuard reading;
  const Context context{cluster_->options().settings, cluster_->index(), arena, {}};
  const auto add = [&](std::span<const uint8_t> octets) {
    const RRType type = octets.size() == 4 ? RRType::a : RRType::aaaa;
    out.push_back({owner, type, dns::RRClass::in, ttl, arena.copy(octets)});
  };
  const bool is_endpoint = each_local_slice(context, [&](const Entry& entry, const SliceRow& slice) {
    if (headless && entry.form() == Form::headless) {
      const Set& set = entry.endpoints();
      for (const PairRow& pair : entry.pairs(set).subspan(slice.first_pair, slice.pairs)) {
        if (pair.address < set.v4_count + set.v6_count) add(octets_of(entry, set, pair.address));
      }
    } else if (const Set* set = entry.external_addresses()) {
      for (uint32_t id = 0; id < set->v4_count + set->v6_count; ++id) add(octets_of(entry, *set, id));
    }
  });
  if (is_endpoint) return;
  for (const IpAddress& local : context.settings.local) add(local.octets());
}

uint32_t ExternalNames::serial() const {
  const rcu::ReadGuard reading;
  return cluster_->index().external_serial();
}

uint32_t ExternalNames::ttl() const { return cluster_->options().settings.ttl; }

}  // namespace portolan::kubernetes
