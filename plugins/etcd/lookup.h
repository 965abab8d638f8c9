// Which services a name has: SkyDNS's rules over the ordered keys.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "dns/name.h"
#include "plugins/etcd/store.h"

namespace portolan::etcd {

enum class Found : uint8_t {
  services,  // the name exists; there may be none for the question
  no_name,
  broken,  // a value cannot be read, so that nothing can be said
  unread,  // nothing is known yet
};

/// Pointers into the store, to be used inside the same rcu::ReadGuard.
struct Selection {
  explicit Selection(Arena& arena) : services(arena) {}
  ArenaVector<const Service*> services;  // in the order of their keys
  const Service* broken = nullptr;
};

/// How a name is looked up.
struct Wanted {
  bool exact = false;  // the name's own key only; else what lies below it, or else its own key
  bool texts = false;  // also services that have a text and no host
};

/// The services of `lower`, a name in lower case. Inside an rcu::ReadGuard.
Found select(const Store& store, std::string_view prefix, dns::NameView lower, Wanted wanted, Arena& arena,
             Selection& selection);

/// Leaves only the services of one group: that of the shortest keys, if those agree. Services without a group stay.
void keep_group(ArenaVector<const Service*>& services, Arena& arena);

}  // namespace portolan::etcd
