// The namespaces that exist, and a number for each name that has ever been seen, so that pods need not repeat names.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/kubernetes/rcu_table.h"

namespace portolan::kubernetes {

/// One name; lives as long as the index.
class NamespaceNode {
 public:
  uint64_t hash;
  uint32_t number;
  uint32_t seen;  // the writer's: the snapshot that had it last
  std::atomic<bool> exists;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), size_}; }
  size_t octets() const { return sizeof(NamespaceNode) + size_; }

 private:
  friend class Namespaces;
  uint32_t size_;
};

/// find() is for any thread, the rest for the writer.
class Namespaces {
 public:
  Namespaces() = default;
  ~Namespaces();

  /// The node of a name in lower case, or null when the name has never been seen.
  const NamespaceNode* find(std::string_view name) const;
  NamespaceNode& intern(std::string_view name, Retired& retired);
  const std::vector<NamespaceNode*>& all() const { return all_; }

 private:
  RcuTable<NamespaceNode> table_;
  std::vector<NamespaceNode*> all_;
};

}  // namespace portolan::kubernetes
