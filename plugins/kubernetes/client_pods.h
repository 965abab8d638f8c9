// Which pod has an address, for metadata (`kubernetes/client-...`) and for the search paths of autopath. Kept only for
// blocks that use one of them, since it costs memory for each pod.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/arena.h"
#include "cluster/objects.h"
#include "plugins/kubernetes/namespaces.h"
#include "plugins/kubernetes/rcu_table.h"

namespace portolan::kubernetes {

/// What is kept of pods as clients: nothing, namespaces (autopath), or names and labels as well (metadata).
enum class ClientData : uint8_t { none, spaces, all };

/// A pod as a client: a view, into the index or into an arena.
struct Client {
  std::string_view space, name;
  std::string_view labels;  // packed

  /// False when the pod has no such label.
  bool label(std::string_view key, std::string_view& value) const;
  Client copy(Arena& arena) const { return {arena.copy(space), arena.copy(name), arena.copy(labels)}; }
};

/// One pod with an address. Several may share one, as pods on the host's network do.
class ClientPod {
 public:
  uint64_t hash;  // of the address
  uint64_t id;    // of the pod
  IpAddress address;

  Client client() const { return {space_->name(), octets_of(0, name_size_), octets_of(name_size_, labels_size_)}; }
  size_t octets() const { return sizeof(ClientPod) + name_size_ + labels_size_; }

 private:
  friend class ClientPods;
  std::string_view octets_of(size_t from, size_t size) const {
    return {reinterpret_cast<const char*>(this + 1) + from, size};
  }

  const NamespaceNode* space_;
  uint32_t name_size_, labels_size_;
};

/// Whether octets from outside are labels in packed form.
bool are_packed_labels(std::string_view octets);

/// find() is for any thread inside its ReadGuard, the rest for the writer.
class ClientPods {
 public:
  explicit ClientPods(ClientData kept) : kept_(kept) {}
  ~ClientPods();

  /// A pod with `address`; null when none is known. Which of several is not specified.
  const ClientPod* find(const IpAddress& address) const;
  /// The pod `id` with `address`; null when it is not known.
  const ClientPod* find(const IpAddress& address, uint64_t id) const;
  /// Makes `pod` known by `address`, or what has changed of it; false when nothing has.
  bool put(const IpAddress& address, uint64_t id, const NamespaceNode& space, const cluster::Metadata& pod,
           Retired& retired);
  /// The same from a name and labels in packed form; what is not kept is passed over.
  bool put(const IpAddress& address, uint64_t id, const NamespaceNode& space, std::string_view name,
           std::string_view labels, Retired& retired);
  void erase(const IpAddress& address, uint64_t id, Retired& retired);

 private:
  const ClientData kept_;
  RcuTable<ClientPod> table_;
};

}  // namespace portolan::kubernetes
