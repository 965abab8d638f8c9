// Ranges of keys, wildcards and groups.
#include "plugins/etcd/lookup.h"

#include "plugins/common/text_buffer.h"
#include "plugins/etcd/key_path.h"

namespace portolan::etcd {
namespace {

/// Takes services from keys in turn.
class Collector {
 public:
  Collector(const KeyPath& path, Wanted wanted, Selection& out) : path_(path), wanted_(wanted), out_(out) {}

  /// False: it is of no use to go on.
  bool take(const Service& service) {
    any_ = true;
    if (path_.has_wildcard && !matches(path_, service.key)) return true;
    if (!service.problem.empty()) {
      out_.broken = &service;
      return false;
    }
    if (!service.host.empty() || (wanted_.texts && !service.text.empty())) out_.services.push_back(&service);
    return true;
  }
  bool any() const { return any_; }

 private:
  const KeyPath& path_;
  const Wanted wanted_;
  Selection& out_;
  bool any_ = false;
};

}  // namespace

Found select(const Store& store, std::string_view prefix, dns::NameView lower, Wanted wanted, Arena& arena,
             Selection& selection) {
  const Store::Root* root = store.read();
  if (!root) return Found::unread;
  const KeyPath path = key_path(prefix, lower, arena);
  Collector collector(path, wanted, selection);
  if (!wanted.exact) {
    TextBuffer below(arena, path.fixed.size() + 1);
    below.append(path.fixed);
    if (!path.fixed.ends_with('/')) below.append('/');
    Store::with_prefix(*root, below.text(), [&](const Service& service) { return collector.take(service); });
  }
  if (!collector.any()) {
    const Service* own = Store::find(*root, path.fixed);
    if (!own) return Found::no_name;
    collector.take(*own);
  }
  if (selection.broken) return Found::broken;
  keep_group(selection.services, arena);
  return Found::services;
}

void keep_group(ArenaVector<const Service*>& services, Arena& arena) {
  if (services.empty()) return;
  std::string_view group = services[0]->group;
  uint32_t slashes = services[0]->slashes;
  size_t counted = 0;  // a shorter key without a group ends the search, and keys behind it are not compared below
  for (; counted < services.size(); ++counted) {
    const Service& service = *services[counted];
    if (service.slashes >= slashes) continue;
    if (service.group.empty()) {
      ++counted;
      break;
    }
    slashes = service.slashes;
    group = service.group;
  }
  if (group.empty()) return;
  ArenaVector<const Service*> kept(arena);
  for (size_t i = 0; i < services.size(); ++i) {
    const Service* service = services[i];
    const uint32_t own_slashes = i < counted ? service->slashes : 0;
    if (service->group.empty()) {
      kept.push_back(service);
      continue;
    }
    if (own_slashes == slashes && service->group != group) return;  // no agreement: no group
    if (service->group == group) kept.push_back(service);
  }
  services = kept;
}

}  // namespace portolan::etcd
