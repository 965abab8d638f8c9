// Objects come and go; each change touches one service's entry and the addresses it names.
#include "plugins/kubernetes/writer.h"

#include <algorithm>
#include <iterator>

#include "dns/name.h"
#include "plugins/kubernetes/key_hash.h"

namespace portolan::kubernetes {
namespace {

using cluster::Kind;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(dns::kLower[static_cast<uint8_t>(c)]);
  return result;
}

std::string path(std::string_view space, std::string_view name) {
  std::string result;
  result.reserve(space.size() + 1 + name.size());
  return result.append(space).append("/").append(name);
}

// SERVICE.NAMESPACE.svc as labels; empty when one of them cannot be a label.
std::string key_of(std::string_view space, std::string_view name) {
  if (name.empty() || space.empty() || name.size() > dns::kMaxLabel || space.size() > dns::kMaxLabel) return {};
  std::string key;
  key.push_back(static_cast<char>(name.size()));
  key += lower(name);
  key.push_back(static_cast<char>(space.size()));
  key += lower(space);
  return key.append("\3svc");
}

IpAddress address_of(const PackedAddress& packed) {
  const auto* octets = reinterpret_cast<const uint8_t*>(packed.octets.data());
  return packed.kind == AddressKind::v4 ? IpAddress::v4(std::span<const uint8_t, 4>(octets, 4))
                                        : IpAddress::v6(std::span<const uint8_t, 16>(octets, 16));
}

template <class Row, class Visit>
void each_address(const Row& pod, Visit visit) {
  if (pod.has_address) visit(pod.address);
  if (!pod.others) return;
  for (const IpAddress& other : *pod.others) visit(other);
}

template <class Row>
bool same_addresses(const Row& a, const Row& b) {
  if (a.has_address != b.has_address || a.address != b.address) return false;
  return a.others && b.others ? *a.others == *b.others : !a.others && !b.others;
}

bool is_running(const cluster::Pod& pod) {
  return pod.phase != "Succeeded" && pod.phase != "Failed" && pod.phase != "Unknown";
}

}  // namespace

size_t Writer::NameHash::operator()(std::string_view text) const { return key_hash(text); }

Writer::~Writer() = default;

// Unix time in whole seconds; another change within the same second keeps it (as CoreDNS's does).
uint32_t Writer::unix_time() const {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch());
  return static_cast<uint32_t>(now.count());
}

void Writer::move_serial(Catalog& catalog) {
  touch();
  // The first snapshot of imports leaves their zones at serial 0, as recorded.
  if (&catalog == &imported_ && !index_.synced_for(true)) return;
  catalog.services.serial_.store(unix_time(), std::memory_order_relaxed);
}

// For a service that comes, changes or goes (empty: it does not exist). What the first snapshot has moves the cluster's
// serial only, so that the external zones' begins at 0.
void Writer::move_serials(Catalog& catalog, std::string_view before, std::string_view after) {
  if (before.empty() || after.empty() || moves_serial(before, after)) move_serial(catalog);
  if (&catalog == &own_ && index_.synced(Kind::service) && moves_external_serial(before, after)) {
    index_.external_serial_.store(unix_time(), std::memory_order_relaxed);
  }
}

// Something is no longer as it is in the last snapshot.
void Writer::touch() { index_.version_.fetch_add(1, std::memory_order_relaxed); }

uint64_t Writer::pod_id(std::string_view space, std::string_view name) const {
  const std::string text = path(space, name);
  return key_hash(pod_key_, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

Writer::Record* Writer::record(Catalog& catalog, std::string_view space, std::string_view name) {
  std::string key = key_of(space, name);
  if (key.empty()) return nullptr;
  auto& records = catalog.records;
  if (const auto found = records.find(std::string_view(key)); found != records.end()) return found->get();
  auto fresh = std::make_unique<Record>();
  fresh->hash = key_hash(key);
  fresh->key = std::move(key);
  fresh->catalog = &catalog;
  return records.insert(std::move(fresh)).first->get();
}

void Writer::apply(const cluster::Service& service) { put_service(own_, service.meta, Kind::service, pack(service)); }

void Writer::apply(const cluster::ServiceImport& import) {
  if (!shape_.imports) return;
  cluster::Service same;  // as one of the cluster's own would be
  same.cluster_ips = import.headless ? std::vector<std::string>{"None"} : import.ips;
  same.ports = import.ports;
  put_service(imported_, import.meta, Kind::service_import, pack(same));
}

void Writer::put_service(Catalog& catalog, const cluster::Metadata& meta, Kind kind, std::string packed) {
  Record* const record = this->record(catalog, meta.space, meta.name);
  if (!record) return;
  record->seen = epoch(kind);
  if (packed == record->service) return;
  move_serials(catalog, record->service, packed);
  const auto before = namings(*record);
  record->service.swap(packed);  // `before` looks into the old one until the end
  changed(*record, before);
}

void Writer::apply(const cluster::EndpointSlice& slice) {
  const bool pod_names = shape_.pod_names;
  if (shape_.imports) put_slice(imported_, slice, slice.import, {pod_names, false, slice.source_cluster});
  if (!shape_.endpoint_slices || !put_slice(own_, slice, slice.service, {pod_names, shape_.zones, {}})) return;
  const Record& record = *(*own_.slices.find(std::string_view(path(slice.meta.space, slice.meta.name))))->record;
  if (!slice.change_triggered.empty() && !record.service.empty() && index_.on_programmed_) {
    index_.on_programmed_(slice.change_triggered, unpack(record.service).form == Form::headless);
  }
}

// True when that changed anything of the service's.
bool Writer::put_slice(Catalog& catalog, const cluster::EndpointSlice& slice, std::string_view service,
                       const SliceNaming& naming) {
  std::string name = path(slice.meta.space, slice.meta.name);
  const auto found = catalog.slices.find(std::string_view(name));
  Slice* known = found == catalog.slices.end() ? nullptr : found->get();
  Record* const record = service.empty() ? nullptr : this->record(catalog, slice.meta.space, service);
  if (known && known->record != record) {
    remove_slice(*known);
    known = nullptr;
  }
  if (!record) return false;

  std::string packed = pack(slice, naming);
  if (known) {
    known->seen = epoch(Kind::endpoint_slice);
    if (known->packed == packed) return false;
  }
  const auto before = namings(*record);
  if (known) {
    known->packed.swap(packed);
  } else {
    auto fresh = std::make_unique<Slice>();
    fresh->name = std::move(name);
    fresh->packed = std::move(packed);
    fresh->record = record;
    fresh->seen = epoch(Kind::endpoint_slice);
    record->slices.push_back(fresh.get());
    catalog.slices.insert(std::move(fresh));
  }
  move_serial(catalog);
  changed(*record, before);
  return true;
}

// A pod that starts terminating keeps its state until it is deleted; one that has ended no longer counts.
void Writer::apply(const cluster::Pod& pod) {
  const uint64_t id = pod_id(pod.meta.space, pod.meta.name);
  const auto known = pods_.find(id);
  if (known != pods_.end()) known->second.seen = epoch(Kind::pod);
  if (!is_running(pod)) return remove_pod(id);
  if (pod.meta.terminating) return;

  PodRow row;
  row.has_address = parse_address(pod.ip, row.address) && (shape_.all_pod_ips || is_canonical(pod.ip, row.address));
  if (shape_.all_pod_ips) add_others(pod, row);
  const NamespaceNode& space = index_.namespaces_.intern(lower(pod.meta.space), retired_);
  row.space = space.number;
  row.seen = epoch(Kind::pod);
  const bool same = known != pods_.end() && same_addresses(known->second, row);
  if (known != pods_.end() && !same) forget_pod(known->second, id);
  each_address(row, [&](const IpAddress& address) {
    if (index_.clients_.put(address, id, space, pod.meta, retired_)) touch();
  });
  if (same) return;
  PodRow& kept = pods_[id];
  kept = std::move(row);
  count_pod(kept, +1);
  move_serial(own_);
}

// Addresses beside the first; one that is listed twice counts once.
void Writer::add_others(const cluster::Pod& pod, PodRow& row) const {
  std::vector<IpAddress> others;
  for (const std::string& text : pod.ips) {
    IpAddress address;
    if (!parse_address(text, address) || (row.has_address && address == row.address)) continue;
    if (std::find(others.begin(), others.end(), address) == others.end()) others.push_back(address);
  }
  if (!others.empty()) row.others = std::make_unique<std::vector<IpAddress>>(std::move(others));
}

void Writer::count_pod(const PodRow& pod, int by) {
  each_address(pod, [&](const IpAddress& address) { index_.pods_.change(address, pod.space, by, retired_); });
}

void Writer::forget_pod(const PodRow& pod, uint64_t id) {
  count_pod(pod, -1);
  each_address(pod, [&](const IpAddress& address) { index_.clients_.erase(address, id, retired_); });
}

void Writer::apply(const cluster::Namespace& space) {
  NamespaceNode& node = index_.namespaces_.intern(lower(space.meta.name), retired_);
  node.seen = epoch(Kind::namespace_);
  if (!node.exists.exchange(true, std::memory_order_acq_rel)) touch();
}

void Writer::remove(Kind kind, std::string_view space, std::string_view name) {
  switch (kind) {
    case Kind::service:
    case Kind::service_import: {
      auto& records = (kind == Kind::service ? own_ : imported_).records;
      if (const auto found = records.find(std::string_view(key_of(space, name))); found != records.end()) {
        remove_service(**found);
      }
      break;
    }
    case Kind::endpoint_slice:
      for (Catalog* catalog : {&own_, &imported_}) {
        auto& slices = catalog->slices;
        if (const auto found = slices.find(std::string_view(path(space, name))); found != slices.end()) {
          remove_slice(**found);
        }
      }
      break;
    case Kind::pod:
      remove_pod(pod_id(space, name));
      break;
    case Kind::namespace_:
      if (index_.namespaces_.intern(lower(name), retired_).exists.exchange(false, std::memory_order_acq_rel)) touch();
      break;
  }
}

void Writer::end(Kind kind) {
  const uint32_t now = epoch(kind);
  if (kind == Kind::service || kind == Kind::service_import) {
    std::vector<Record*> gone;
    for (const auto& record : (kind == Kind::service ? own_ : imported_).records) {
      if (!record->service.empty() && record->seen != now) gone.push_back(record.get());
    }
    for (Record* record : gone) remove_service(*record);
  } else if (kind == Kind::endpoint_slice) {
    std::vector<Slice*> gone;
    for (const Catalog* catalog : {&own_, &imported_}) {
      for (const auto& slice : catalog->slices) {
        if (slice->seen != now) gone.push_back(slice.get());
      }
    }
    for (Slice* slice : gone) remove_slice(*slice);
  } else if (kind == Kind::pod) {
    std::vector<uint64_t> gone;
    for (const auto& [id, pod] : pods_) {
      if (pod.seen != now) gone.push_back(id);
    }
    for (const uint64_t id : gone) remove_pod(id);
  } else {
    for (NamespaceNode* node : index_.namespaces_.all()) {
      if (node->seen != now && node->exists.exchange(false, std::memory_order_acq_rel)) touch();
    }
  }
  retired_.flush();
}

void Writer::remove_service(Record& record) {
  if (record.service.empty()) return;
  const auto before = namings(record);
  const std::string old = std::move(record.service);
  record.service.clear();
  move_serials(*record.catalog, old, {});
  changed(record, before);
  drop_if_empty(record);
}

void Writer::remove_slice(Slice& slice) {
  Record& record = *slice.record;
  const auto before = namings(record);
  std::erase(record.slices, &slice);
  auto& slices = record.catalog->slices;
  const auto keep = slices.extract(slices.find(std::string_view(slice.name)));  // `before` looks into it
  move_serial(*record.catalog);
  changed(record, before);
  drop_if_empty(record);
}

void Writer::remove_pod(uint64_t id) {
  const auto found = pods_.find(id);
  if (found == pods_.end()) return;
  forget_pod(found->second, id);
  pods_.erase(found);
  move_serial(own_);
}

void Writer::drop_if_empty(Record& record) {
  auto& records = record.catalog->records;
  if (record.service.empty() && record.slices.empty()) records.erase(records.find(std::string_view(record.key)));
}

void Writer::changed(Record& record, const std::vector<Naming>& before) {
  touch();
  publish(record);
  change_names(record, before, namings(record));
}

void Writer::publish(Record& record) {
  const auto same = [&](const Entry& entry) { return entry.key() == record.key; };
  auto& table = record.catalog->services.table_;
  if (record.service.empty()) return table.erase(record.hash, same, retired_);
  std::vector<std::string_view> slices;
  slices.reserve(record.slices.size());
  for (const Slice* slice : record.slices) slices.push_back(slice->packed);
  table.put(build_entry(record.key, record.hash, record.service, slices), same, retired_);
}

// Sorted, each once. The host names lie in the record's packed objects.
std::vector<Writer::Naming> Writer::namings(const Record& record) const {
  std::vector<Naming> result;
  if (record.catalog != &own_) return result;  // PTR knows the cluster's own
  const auto take = [&](std::string_view packed, bool endpoint) {
    for (const PackedAddress& address : unpack(packed).addresses) {
      if (!address.canonical || !address.named || record.key.size() + address.host.size() > 240) continue;
      result.push_back({address_of(address), endpoint, address.host, false});
    }
  };
  if (!record.service.empty()) {
    take(record.service, false);
    for (const PackedAddress& address : unpack(record.service).external_addresses) {
      if (address.canonical) result.push_back({address_of(address), false, {}, true});
    }
  }
  for (const Slice* slice : record.slices) take(slice->packed, true);
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void Writer::change_names(const Record& record, const std::vector<Naming>& before, const std::vector<Naming>& after) {
  std::vector<Naming> removed, added;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(removed));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  const auto change = [&](const Naming& naming, bool add) {
    std::string labels(naming.host);
    labels += record.key;
    const ReverseNode::Target target{naming.endpoint, labels, record.key};
    const std::span one(&target, 1);
    const std::span<const ReverseNode::Target> none;
    (naming.external ? index_.external_reverse_ : index_.reverse_)
        .change(naming.address, add ? none : one, add ? one : none, retired_);
  };
  for (const Naming& naming : removed) change(naming, false);
  for (const Naming& naming : added) change(naming, true);
}

}  // namespace portolan::kubernetes
