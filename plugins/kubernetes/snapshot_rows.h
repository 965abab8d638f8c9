// The rows of a snapshot of the index: what they are, and where the collection of them stands.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cluster/snapshot.h"

namespace portolan::kubernetes {

/// Kinds of rows, with what stands in name, key and value.
enum class RowKind : uint8_t {
  space = 1,         // name; value: "1" when it exists. Counted from 0, for pods
  service = 2,       // key: its labels; value: packed
  slice = 3,         // name: NAMESPACE/NAME; key: its service's labels; value: packed
  pod_key = 4,       // value: the key that pods' ids are hashed with, 16 octets
  pod = 5,           // name: id, 8 octets; key: number of its namespace, 4 octets; value: address, 4, 16 or no octets
  client = 6,        // what is kept of the pod before it. name: its name; value: its labels, packed
  import = 7,        // of a cluster set: as a service
  import_slice = 8,  // as a slice
  pod_address = 9,   // another address of the pod before it. value: 4 or 16 octets
};

struct SnapshotCounts {
  size_t services = 0, slices = 0, pods = 0;
};

/// Where a collection stands. Starts at the beginning.
struct SnapshotCursor {
  enum class At : uint8_t { spaces, services, slices, imports, import_slices, pods, end };
  At at = At::spaces;
  size_t bucket = 0, buckets = 0;
  size_t spaces = 0;
  bool lost = false;  // a table has grown meanwhile, or a namespace came: what was collected is no snapshot

  bool done() const { return lost || at == At::end; }
};

}  // namespace portolan::kubernetes
