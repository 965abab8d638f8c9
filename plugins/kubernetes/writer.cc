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

bool is_running(const cluster::Pod& pod) {
  return pod.phase != "Succeeded" && pod.phase != "Failed" && pod.phase != "Unknown";
}

}  // namespace

size_t Writer::NameHash::operator()(std::string_view text) const { return key_hash(text); }

Writer::~Writer() = default;

// Unix time in whole seconds; another change within the same second keeps it (as CoreDNS's does).
void Writer::move_serial() {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch());
  index_.serial_.store(static_cast<uint32_t>(now.count()), std::memory_order_relaxed);
}

Writer::Record* Writer::record(std::string_view space, std::string_view name) {
  std::string key = key_of(space, name);
  if (key.empty()) return nullptr;
  if (const auto found = records_.find(std::string_view(key)); found != records_.end()) return found->get();
  auto fresh = std::make_unique<Record>();
  fresh->hash = key_hash(key);
  fresh->key = std::move(key);
  return records_.insert(std::move(fresh)).first->get();
}

void Writer::apply(const cluster::Service& service) {
  Record* const record = this->record(service.meta.space, service.meta.name);
  if (!record) return;
  record->seen = epoch(Kind::service);
  std::string packed = pack(service);
  if (packed == record->service) return;
  if (record->service.empty() || moves_serial(record->service, packed)) move_serial();
  const auto before = namings(*record);
  record->service.swap(packed);  // `before` looks into the old one until the end
  changed(*record, before);
}

void Writer::apply(const cluster::EndpointSlice& slice) {
  std::string name = path(slice.meta.space, slice.meta.name);
  const auto found = slices_.find(std::string_view(name));
  Slice* known = found == slices_.end() ? nullptr : found->get();
  Record* const record = slice.service.empty() ? nullptr : this->record(slice.meta.space, slice.service);
  if (known && known->record != record) {
    remove_slice(*known);
    known = nullptr;
  }
  if (!record) return;

  std::string packed = pack(slice, shape_.pod_names);
  if (known) {
    known->seen = epoch(Kind::endpoint_slice);
    if (known->packed == packed) return;
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
    slices_.insert(std::move(fresh));
  }
  move_serial();
  changed(*record, before);
  if (!slice.change_triggered.empty() && !record->service.empty() && index_.on_programmed_) {
    index_.on_programmed_(slice.change_triggered, unpack(record->service).form == Form::headless);
  }
}

// A pod that starts terminating keeps its state until it is deleted; one that has ended no longer counts.
void Writer::apply(const cluster::Pod& pod) {
  const uint64_t id = key_hash(path(pod.meta.space, pod.meta.name));
  const auto known = pods_.find(id);
  if (known != pods_.end()) known->second.seen = epoch(Kind::pod);
  if (!is_running(pod)) return remove_pod(id);
  if (pod.meta.terminating) return;

  PodRow row;
  row.has_address = parse_address(pod.ip, row.address) && is_canonical(pod.ip, row.address);
  row.space = index_.namespaces_.intern(lower(pod.meta.space), retired_).number;
  row.seen = epoch(Kind::pod);
  if (known != pods_.end()) {
    PodRow& old = known->second;
    if (old.has_address == row.has_address && old.address == row.address) return;
    if (old.has_address) index_.pods_.change(old.address, old.space, -1, retired_);
    old = row;
  } else {
    pods_.emplace(id, row);
  }
  if (row.has_address) index_.pods_.change(row.address, row.space, +1, retired_);
  move_serial();
}

void Writer::apply(const cluster::Namespace& space) {
  NamespaceNode& node = index_.namespaces_.intern(lower(space.meta.name), retired_);
  node.seen = epoch(Kind::namespace_);
  node.exists.store(true, std::memory_order_release);
}

void Writer::remove(Kind kind, std::string_view space, std::string_view name) {
  switch (kind) {
    case Kind::service:
      if (const auto found = records_.find(std::string_view(key_of(space, name))); found != records_.end()) {
        remove_service(**found);
      }
      break;
    case Kind::endpoint_slice:
      if (const auto found = slices_.find(std::string_view(path(space, name))); found != slices_.end()) {
        remove_slice(**found);
      }
      break;
    case Kind::pod:
      remove_pod(key_hash(path(space, name)));
      break;
    case Kind::namespace_:
      index_.namespaces_.intern(lower(name), retired_).exists.store(false, std::memory_order_release);
      break;
  }
}

void Writer::end(Kind kind) {
  const uint32_t now = epoch(kind);
  if (kind == Kind::service) {
    std::vector<Record*> gone;
    for (const auto& record : records_) {
      if (!record->service.empty() && record->seen != now) gone.push_back(record.get());
    }
    for (Record* record : gone) remove_service(*record);
  } else if (kind == Kind::endpoint_slice) {
    std::vector<Slice*> gone;
    for (const auto& slice : slices_) {
      if (slice->seen != now) gone.push_back(slice.get());
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
      if (node->seen != now) node->exists.store(false, std::memory_order_release);
    }
  }
  retired_.flush();
}

void Writer::remove_service(Record& record) {
  if (record.service.empty()) return;
  const auto before = namings(record);
  const std::string old = std::move(record.service);
  record.service.clear();
  move_serial();
  changed(record, before);
  drop_if_empty(record);
}

void Writer::remove_slice(Slice& slice) {
  Record& record = *slice.record;
  const auto before = namings(record);
  std::erase(record.slices, &slice);
  const auto keep = slices_.extract(slices_.find(std::string_view(slice.name)));  // `before` looks into it
  move_serial();
  changed(record, before);
  drop_if_empty(record);
}

void Writer::remove_pod(uint64_t id) {
  const auto found = pods_.find(id);
  if (found == pods_.end()) return;
  const PodRow& pod = found->second;
  if (pod.has_address) index_.pods_.change(pod.address, pod.space, -1, retired_);
  pods_.erase(found);
  move_serial();
}

void Writer::drop_if_empty(Record& record) {
  if (record.service.empty() && record.slices.empty()) records_.erase(records_.find(std::string_view(record.key)));
}

void Writer::changed(Record& record, const std::vector<Naming>& before) {
  publish(record);
  change_names(record, before, namings(record));
}

void Writer::publish(Record& record) {
  const auto same = [&](const Entry& entry) { return entry.key() == record.key; };
  if (record.service.empty()) return index_.services_.erase(record.hash, same, retired_);
  std::vector<std::string_view> slices;
  slices.reserve(record.slices.size());
  for (const Slice* slice : record.slices) slices.push_back(slice->packed);
  index_.services_.put(build_entry(record.key, record.hash, record.service, slices), same, retired_);
}

// Sorted, each once. The host names lie in the record's packed objects.
std::vector<Writer::Naming> Writer::namings(const Record& record) const {
  std::vector<Naming> result;
  const auto take = [&](std::string_view packed, bool endpoint) {
    for (const PackedAddress& address : unpack(packed).addresses) {
      if (!address.canonical || !address.named || record.key.size() + address.host.size() > 240) continue;
      result.push_back({address_of(address), endpoint, address.host});
    }
  };
  if (!record.service.empty()) take(record.service, false);
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
    index_.reverse_.change(naming.address, add ? none : one, add ? one : none, retired_);
  };
  for (const Naming& naming : removed) change(naming, false);
  for (const Naming& naming : added) change(naming, true);
}

}  // namespace portolan::kubernetes
