// The writing side of the index: which objects there are, in packed form, and what follows when one changes. Used under
// the index's lock.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cluster/objects.h"
#include "plugins/kubernetes/index.h"
#include "plugins/kubernetes/key_hash.h"
#include "plugins/kubernetes/snapshot_rows.h"

namespace portolan::kubernetes {

class Writer {
 public:
  Writer(Index& index, Shape shape, const Clock& clock)
      : index_(index), shape_(shape), clock_(clock), own_(index.services_), imported_(index.imports_) {}
  ~Writer();

  void begin(cluster::Kind kind) { ++epoch_[static_cast<size_t>(kind)]; }
  /// Removes what the snapshot of `kind` did not repeat.
  void end(cluster::Kind kind);

  void apply(const cluster::Service& service);
  void apply(const cluster::EndpointSlice& slice);
  void apply(const cluster::Pod& pod);
  void apply(const cluster::Namespace& space);
  void apply(const cluster::ServiceImport& import);
  void remove(cluster::Kind kind, std::string_view space, std::string_view name);

  /// See Index; both are in writer_snapshot.cc.
  void collect(SnapshotCursor& cursor, std::string& rows) const;
  Result<SnapshotCounts> restore(const cluster::Snapshot& snapshot);

 private:
  struct Catalog;
  struct Slice;

  /// One service: the object, if it exists, and its slices, which may come first.
  struct Record {
    std::string key;
    uint64_t hash = 0;
    std::string service;  // packed; empty: there is no such service
    uint32_t seen = 0;
    std::vector<Slice*> slices;
    Catalog* catalog = nullptr;
  };
  struct Slice {
    std::string name;  // NAMESPACE/NAME
    std::string packed;
    Record* record = nullptr;
    uint32_t seen = 0;
  };
  struct PodRow {
    IpAddress address;
    bool has_address = false;
    uint32_t space = 0;
    uint32_t seen = 0;
    std::unique_ptr<std::vector<IpAddress>> others;  // with `pod_ips all`: the rest of its addresses, if any
  };

  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
    size_t operator()(const std::unique_ptr<Record>& record) const { return record->hash; }
    size_t operator()(const std::unique_ptr<Slice>& slice) const { return (*this)(std::string_view(slice->name)); }
  };
  struct NameEqual {
    using is_transparent = void;
    static std::string_view text(std::string_view name) { return name; }
    static std::string_view text(const std::unique_ptr<Record>& record) { return record->key; }
    static std::string_view text(const std::unique_ptr<Slice>& slice) { return slice->name; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return text(a) == text(b);
    }
  };

  /// A name that an address has because of a record.
  struct Naming {
    IpAddress address;
    bool endpoint;
    std::string_view host;
    bool external = false;  // in external zones only
    auto operator<=>(const Naming&) const = default;
  };

  /// Services and slices that belong together: the cluster's own, or the imported ones.
  struct Catalog {
    explicit Catalog(Services& shown) : services(shown) {}
    Services& services;
    std::unordered_set<std::unique_ptr<Record>, NameHash, NameEqual> records;
    std::unordered_set<std::unique_ptr<Slice>, NameHash, NameEqual> slices;
  };

  uint32_t epoch(cluster::Kind kind) const { return epoch_[static_cast<size_t>(kind)]; }
  Record* record(Catalog& catalog, std::string_view space, std::string_view name);
  void put_service(Catalog& catalog, const cluster::Metadata& meta, cluster::Kind kind, std::string packed);
  bool put_slice(Catalog& catalog, const cluster::EndpointSlice& slice, std::string_view service,
                 const SliceNaming& naming);
  void add_others(const cluster::Pod& pod, PodRow& row) const;
  void count_pod(const PodRow& pod, int by);
  void forget_pod(const PodRow& pod, uint64_t id);
  void changed(Record& record, const std::vector<Naming>& before);
  void publish(Record& record);
  void drop_if_empty(Record& record);
  std::vector<Naming> namings(const Record& record) const;
  void change_names(const Record& record, const std::vector<Naming>& before, const std::vector<Naming>& after);
  void remove_service(Record& record);
  void remove_slice(Slice& slice);
  uint64_t pod_id(std::string_view space, std::string_view name) const;
  void remove_pod(uint64_t id);
  void move_serial(Catalog& catalog);
  void move_serials(Catalog& catalog, std::string_view before, std::string_view after);
  uint32_t unix_time() const;
  void touch();
  struct Restoring;
  void restore_row(const cluster::SnapshotRow& row, Restoring& restoring);
  void restore_slice(Catalog& catalog, const cluster::SnapshotRow& row, Restoring& restoring);
  void restore_pod(const cluster::SnapshotRow& row, Restoring& restoring);
  void know_pod(const PodRow& pod, uint64_t id, const IpAddress& address);
  Record* restore_record(Catalog& catalog, std::string_view key, Restoring& restoring);

  Index& index_;
  const Shape shape_;
  const Clock& clock_;
  std::array<uint32_t, cluster::kKinds> epoch_{};
  Catalog own_, imported_;
  HashKey pod_key_ = HashKey::make();
  std::unordered_map<uint64_t, PodRow> pods_;  // by the hash of NAMESPACE/NAME under pod_key_
  Retired retired_;
};

}  // namespace portolan::kubernetes
