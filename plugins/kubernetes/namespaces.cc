// Names of namespaces to nodes.
#include "plugins/kubernetes/namespaces.h"

#include <cstring>
#include <new>

#include "plugins/kubernetes/key_hash.h"

namespace portolan::kubernetes {

Namespaces::~Namespaces() {
  for (NamespaceNode* node : all_) ::operator delete(node);
}

const NamespaceNode* Namespaces::find(std::string_view name) const {
  return table_.find(key_hash(name), [name](const NamespaceNode& node) { return node.name() == name; });
}

NamespaceNode& Namespaces::intern(std::string_view name, Retired& retired) {
  const uint64_t hash = key_hash(name);
  const auto same = [name](const NamespaceNode& node) { return node.name() == name; };
  // Nodes are made here and never given back, so that casting away const is the writer's right.
  if (const auto* known = table_.find(hash, same)) return const_cast<NamespaceNode&>(*known);
  auto* node = new (::operator new(sizeof(NamespaceNode) + name.size())) NamespaceNode{};
  node->hash = hash;
  node->number = static_cast<uint32_t>(all_.size());
  node->size_ = static_cast<uint32_t>(name.size());
  std::memcpy(static_cast<void*>(node + 1), name.data(), name.size());
  table_.put(node, same, retired);
  all_.push_back(node);
  return *node;
}

}  // namespace portolan::kubernetes
