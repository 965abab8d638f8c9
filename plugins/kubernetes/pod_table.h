// Which pods have an address, for `pods verified`: rows of fixed size (address, namespace, how many), no objects.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "plugins/kubernetes/retired.h"

namespace portolan::kubernetes {

/// count() is for any thread, change() for the writer. A row keeps its address and namespace as long as its array
/// lives, so that a reader who sees a row's last field sees all of it.
class PodTable {
 public:
  PodTable();
  PodTable(const PodTable&) = delete;
  PodTable& operator=(const PodTable&) = delete;
  ~PodTable();

  /// Pods with this address in namespace number `space`.
  uint32_t count(const IpAddress& address, uint32_t space) const;
  /// One pod more (+1) or less (-1).
  void change(const IpAddress& address, uint32_t space, int by, Retired& retired);

 private:
  struct Row;
  struct Rows;
  struct Key;
  struct Place {
    Row* row;
    uint64_t state;  // as it was seen
  };

  static Rows* make(uint32_t capacity);
  static Place place(const Rows& rows, const Key& key);
  void grow(Retired& retired);

  std::atomic<Rows*> rows_;
  uint32_t used_ = 0;  // rows with an address, those of no pod included
};

}  // namespace portolan::kubernetes
