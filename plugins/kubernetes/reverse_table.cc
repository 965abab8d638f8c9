// A node is replaced as a whole whenever a name of its address comes or goes.
#include "plugins/kubernetes/reverse_table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "plugins/kubernetes/key_hash.h"

namespace portolan::kubernetes {
namespace {

auto with_address(const IpAddress& address) {
  return [&address](const ReverseNode& node) { return node.address == address; };
}

}  // namespace

ReverseTable::~ReverseTable() {
  table_.each([](ReverseNode* node) { ::operator delete(node); });
}

const ReverseNode* ReverseTable::find(const IpAddress& address) const {
  return table_.find(key_hash(address.octets()), with_address(address));
}

void ReverseTable::change(const IpAddress& address, std::span<const Target> removed, std::span<const Target> added,
                          Retired& retired) {
  const uint64_t hash = key_hash(address.octets());
  std::vector<Target> targets;
  if (const ReverseNode* old = table_.find(hash, with_address(address))) {
    old->each([&](const Target& target) {
      if (std::find(removed.begin(), removed.end(), target) == removed.end()) targets.push_back(target);
      return true;
    });
  }
  targets.insert(targets.end(), added.begin(), added.end());
  if (targets.empty()) return table_.erase(hash, with_address(address), retired);
  std::stable_partition(targets.begin(), targets.end(), [](const Target& target) { return !target.endpoint; });
  table_.put(make(address, hash, targets), with_address(address), retired);
}

ReverseNode* ReverseTable::make(const IpAddress& address, uint64_t hash, std::span<const Target> targets) {
  size_t size = sizeof(ReverseNode);
  for (const Target& target : targets) size += 3 + target.labels.size();
  auto* node = new (::operator new(size)) ReverseNode{};
  node->hash = hash;
  node->address = address;
  node->size_ = static_cast<uint32_t>(size);
  node->count_ = static_cast<uint32_t>(targets.size());
  char* at = reinterpret_cast<char*>(node) + sizeof(ReverseNode);
  for (const Target& target : targets) {
    *at++ = static_cast<char>(target.labels.size());
    *at++ = static_cast<char>(target.labels.size() - target.key.size());
    *at++ = target.endpoint ? 1 : 0;
    std::memcpy(at, target.labels.data(), target.labels.size());
    at += target.labels.size();
  }
  return node;
}

}  // namespace portolan::kubernetes
