// The keys of etcd in order, for many readers and one writer: a root with chunks of a few hundred services. A change
// copies one chunk and the root, so that it costs the same at any size of the store that etcd can have.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rcu.h"
#include "plugins/etcd/service.h"

namespace portolan::etcd {

using ServicePtr = std::shared_ptr<const Service>;

class Store {
 public:
  using Chunk = std::vector<ServicePtr>;                   // never empty, by key
  using Root = std::vector<std::shared_ptr<const Chunk>>;  // by key

  /// A change of one key; a null service takes it away.
  struct Change {
    std::string key;
    ServicePtr service;
  };

  ~Store();

  // For the one writer.
  /// Everything there is, in any order. From then on the store counts as read.
  void replace_all(std::vector<ServicePtr> services);
  void apply(std::vector<Change> changes);
  size_t size() const { return size_; }

  // For readers, inside an rcu::ReadGuard.
  /// Null until everything has been read once.
  const Root* read() const { return root_.read(); }
  /// Calls `each` for every service whose key begins with `begin`, in the order of the keys, while it says true.
  template <class Each>
  static void with_prefix(const Root& root, std::string_view begin, Each&& each) {
    auto chunk = chunk_of(root, begin);
    if (chunk == root.end()) return;
    for (auto at = first_from(**chunk, begin);;) {
      if (at == (*chunk)->end()) {
        if (++chunk == root.end()) return;
        at = (*chunk)->begin();
      }
      if (!std::string_view((*at)->key).starts_with(begin) || !each(**at)) return;
      ++at;
    }
  }
  /// The service of exactly this key; null when there is none.
  static const Service* find(const Root& root, std::string_view key);

 private:
  /// The chunk in which `key` is or would be; the first for a key before all.
  static Root::const_iterator chunk_of(const Root& root, std::string_view key);
  static Chunk::const_iterator first_from(const Chunk& chunk, std::string_view key) {
    return std::lower_bound(chunk.begin(), chunk.end(), key,
                            [](const ServicePtr& service, std::string_view wanted) { return service->key < wanted; });
  }

  rcu::Pointer<Root> root_;
  size_t size_ = 0;
};

}  // namespace portolan::etcd
