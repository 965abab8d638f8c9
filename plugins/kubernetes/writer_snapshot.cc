// The writer's tables to rows of a snapshot and back. Rows are collected a piece at a time, so that changes come in
// between: each row is as it was at some moment, and a later snapshot has what this one missed.
#include <algorithm>
#include <cstring>

#include "plugins/kubernetes/packed_check.h"
#include "plugins/kubernetes/writer.h"

namespace portolan::kubernetes {
namespace {

using cluster::SnapshotRow;

constexpr size_t kBucketsAtOnce = 512;

template <class T>
std::string_view octets_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <class T>
T value_of(std::string_view octets) {
  T value;
  std::memcpy(&value, octets.data(), sizeof value);
  return value;
}

void add(std::string& rows, RowKind kind, std::string_view name, std::string_view key, std::string_view value) {
  cluster::append_row(rows, {static_cast<uint8_t>(kind), name, key, value});
}

// The next buckets of a table; then on to `after`.
template <class Table, class Add>
void collect_some(const Table& table, SnapshotCursor& cursor, SnapshotCursor::At after, Add add) {
  if (cursor.bucket == 0) cursor.buckets = table.bucket_count();
  if (table.bucket_count() != cursor.buckets) {
    cursor.lost = true;
    return;
  }
  const size_t end = std::min(cursor.buckets, cursor.bucket + kBucketsAtOnce);
  for (; cursor.bucket < end; ++cursor.bucket) std::for_each(table.begin(cursor.bucket), table.end(cursor.bucket), add);
  if (end < cursor.buckets) return;
  cursor.bucket = 0;
  cursor.at = after;
}

/// What a row has to be like for the index to take it; counts what there is.
class RowCheck {
 public:
  bool take(const SnapshotRow& row) {
    switch (static_cast<RowKind>(row.kind)) {
      case RowKind::space:
        ++spaces_;
        return row.name.size() <= 255 && row.value.size() == 1;
      case RowKind::service:
        ++counts.services;
        return is_service_key(row.key) && is_packed_service(row.value);
      case RowKind::slice:
        ++counts.slices;
        return row.name.size() <= 1024 && is_service_key(row.key) && is_packed_slice(row.value);
      case RowKind::pod_key:
        has_pod_key_ = true;
        return counts.pods == 0 && row.value.size() == sizeof(HashKey);
      case RowKind::import:
        return is_service_key(row.key) && is_packed_service(row.value);
      case RowKind::import_slice:
        return row.name.size() <= 1024 && is_service_key(row.key) && is_packed_slice(row.value);
      case RowKind::pod_address:
        return counts.pods > 0 && (row.value.size() == 4 || row.value.size() == 16);
      case RowKind::client:
        return counts.pods > 0 && row.name.size() <= 255 && are_packed_labels(row.value);
      case RowKind::pod:
        ++counts.pods;
        return has_pod_key_ && row.name.size() == sizeof(uint64_t) && row.key.size() == sizeof(uint32_t) &&
               value_of<uint32_t>(row.key) < spaces_ &&
               (row.value.empty() || row.value.size() == 4 || row.value.size() == 16);
    }
    return false;
  }

  SnapshotCounts counts;

 private:
  size_t spaces_ = 0;
  bool has_pod_key_ = false;
};

std::string_view text_of(const IpAddress& address) {
  const auto octets = address.octets();
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

IpAddress address_of(std::string_view text) {
  const auto* octets = reinterpret_cast<const uint8_t*>(text.data());
  return text.size() == 4 ? IpAddress::v4(std::span<const uint8_t, 4>(octets, 4))
                          : IpAddress::v6(std::span<const uint8_t, 16>(octets, 16));
}

}  // namespace

void Writer::collect(SnapshotCursor& cursor, std::string& rows) const {
  using At = SnapshotCursor::At;
  const auto services_as = [&rows](RowKind kind) {
    return [&rows, kind](const std::unique_ptr<Record>& record) {
      if (!record->service.empty()) add(rows, kind, {}, record->key, record->service);
    };
  };
  const auto slices_as = [&rows](RowKind kind) {
    return [&rows, kind](const std::unique_ptr<Slice>& slice) {
      add(rows, kind, slice->name, slice->record->key, slice->packed);
    };
  };
  switch (cursor.at) {
    case At::spaces:
      for (const NamespaceNode* node : index_.namespaces_.all()) {
        add(rows, RowKind::space, node->name(), {}, node->exists.load(std::memory_order_relaxed) ? "1" : "0");
      }
      cursor.spaces = index_.namespaces_.all().size();
      add(rows, RowKind::pod_key, {}, {}, octets_of(pod_key_));
      cursor.at = At::services;
      break;
    case At::services:
      collect_some(own_.records, cursor, At::slices, services_as(RowKind::service));
      break;
    case At::slices:
      collect_some(own_.slices, cursor, At::imports, slices_as(RowKind::slice));
      break;
    case At::imports:
      collect_some(imported_.records, cursor, At::import_slices, services_as(RowKind::import));
      break;
    case At::import_slices:
      collect_some(imported_.slices, cursor, At::pods, slices_as(RowKind::import_slice));
      break;
    case At::pods:
      collect_some(pods_, cursor, At::end, [&](const std::pair<const uint64_t, PodRow>& entry) {
        const auto& [id, pod] = entry;
        if (pod.space >= cursor.spaces) cursor.lost = true;
        add(rows, RowKind::pod, octets_of(id), octets_of(pod.space),
            pod.has_address ? text_of(pod.address) : std::string_view());
        if (pod.others) {
          for (const IpAddress& other : *pod.others) add(rows, RowKind::pod_address, {}, {}, text_of(other));
        }
        if ((!pod.has_address && !pod.others) || shape_.clients != ClientData::all) return;
        const ClientPod* const known = index_.clients_.find(pod.has_address ? pod.address : pod.others->front(), id);
        if (known) add(rows, RowKind::client, known->client().name, {}, known->client().labels);
      });
      break;
    case At::end:
      break;
  }
}

struct Writer::Restoring {
  std::vector<uint32_t> spaces;  // from numbers of the file to numbers here
  std::vector<Record*> records;  // each once
  uint64_t pod = 0;              // the last one
};

Result<SnapshotCounts> Writer::restore(const cluster::Snapshot& snapshot) {
  RowCheck check;
  bool good = true;
  snapshot.each([&](const SnapshotRow& row) { good = good && check.take(row); });
  if (!good) return fail("it is damaged: a row is not what the index holds");

  own_.records.reserve(check.counts.services);
  own_.slices.reserve(check.counts.slices);
  pods_.reserve(check.counts.pods);
  Restoring restoring;
  snapshot.each([&](const SnapshotRow& row) { restore_row(row, restoring); });
  for (Record* record : restoring.records) changed(*record, {});
  retired_.flush();
  return check.counts;
}

Writer::Record* Writer::restore_record(Catalog& catalog, std::string_view key, Restoring& restoring) {
  if (const auto found = catalog.records.find(key); found != catalog.records.end()) return found->get();
  auto fresh = std::make_unique<Record>();
  fresh->key = key;
  fresh->hash = key_hash(key);
  fresh->catalog = &catalog;
  restoring.records.push_back(fresh.get());
  return catalog.records.insert(std::move(fresh)).first->get();
}

void Writer::restore_slice(Catalog& catalog, const SnapshotRow& row, Restoring& restoring) {
  if (catalog.slices.find(row.name) != catalog.slices.end()) return;
  auto fresh = std::make_unique<Slice>();
  fresh->name = row.name;
  fresh->packed = row.value;
  fresh->record = restore_record(catalog, row.key, restoring);
  fresh->record->slices.push_back(fresh.get());
  catalog.slices.insert(std::move(fresh));
}

// A row that is there already, which only a file of another's making has, is passed over.
void Writer::restore_row(const SnapshotRow& row, Restoring& restoring) {
  switch (static_cast<RowKind>(row.kind)) {
    case RowKind::space: {
      NamespaceNode& node = index_.namespaces_.intern(row.name, retired_);
      if (row.value == "1") node.exists.store(true, std::memory_order_release);
      restoring.spaces.push_back(node.number);
      break;
    }
    case RowKind::service:
    case RowKind::import: {
      Catalog& catalog = static_cast<RowKind>(row.kind) == RowKind::service ? own_ : imported_;
      Record* const record = restore_record(catalog, row.key, restoring);
      if (record->service.empty()) record->service = row.value;
      break;
    }
    case RowKind::slice:
      restore_slice(own_, row, restoring);
      break;
    case RowKind::import_slice:
      restore_slice(imported_, row, restoring);
      break;
    case RowKind::pod_key:
      pod_key_ = value_of<HashKey>(row.value);
      break;
    case RowKind::pod:
      restore_pod(row, restoring);
      break;
    case RowKind::client: {
      const PodRow& pod = pods_.at(restoring.pod);
      const NamespaceNode& space = *index_.namespaces_.all()[pod.space];
      const auto put = [&](const IpAddress& address) {
        index_.clients_.put(address, restoring.pod, space, row.name, row.value, retired_);
      };
      if (pod.has_address) put(pod.address);
      if (pod.others) std::for_each(pod.others->begin(), pod.others->end(), put);
      break;
    }
    case RowKind::pod_address: {
      PodRow& pod = pods_.at(restoring.pod);
      const IpAddress address = address_of(row.value);
      if (!pod.others) pod.others = std::make_unique<std::vector<IpAddress>>();
      const bool again = std::find(pod.others->begin(), pod.others->end(), address) != pod.others->end();
      if (again || (pod.has_address && pod.address == address)) break;
      pod.others->push_back(address);
      know_pod(pod, restoring.pod, address);
      break;
    }
  }
}

void Writer::restore_pod(const SnapshotRow& row, Restoring& restoring) {
  PodRow pod;
  pod.has_address = !row.value.empty();
  if (pod.has_address) pod.address = address_of(row.value);
  pod.space = restoring.spaces[value_of<uint32_t>(row.key)];
  restoring.pod = value_of<uint64_t>(row.name);
  const auto [kept, is_new] = pods_.emplace(restoring.pod, std::move(pod));
  if (is_new && kept->second.has_address) know_pod(kept->second, restoring.pod, kept->second.address);
}

// Counts one address of a pod, and knows its client where the namespace is all that is kept of one: more is in a row of
// its own.
void Writer::know_pod(const PodRow& pod, uint64_t id, const IpAddress& address) {
  index_.pods_.change(address, pod.space, +1, retired_);
  if (shape_.clients != ClientData::spaces) return;
  index_.clients_.put(address, id, *index_.namespaces_.all()[pod.space], {}, {}, retired_);
}

}  // namespace portolan::kubernetes
