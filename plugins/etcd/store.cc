// Building chunks and changing them. Roots and chunks are never changed once they are published.
#include "plugins/etcd/store.h"

namespace portolan::etcd {
namespace {

constexpr size_t kFull = 512;  // services in a chunk: about 4 KiB of pointers to copy for a change

}  // namespace

Store::~Store() { root_.replace(nullptr); }

void Store::replace_all(std::vector<ServicePtr> services) {
  std::sort(services.begin(), services.end(), [](const auto& a, const auto& b) { return a->key < b->key; });
  auto root = std::make_unique<Root>();
  for (size_t from = 0; from < services.size(); from += kFull / 2) {
    const auto begin = services.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = services.begin() + static_cast<std::ptrdiff_t>(std::min(from + kFull / 2, services.size()));
    root->push_back(std::make_shared<const Chunk>(begin, end));
  }
  size_ = services.size();
  root_.replace(root.release());
}

void Store::apply(std::vector<Change> changes) {
  const Root* current = root_.read();
  auto root = current ? std::make_unique<Root>(*current) : std::make_unique<Root>();
  for (Change& change : changes) {
    if (root->empty()) {
      if (!change.service) continue;
      root->push_back(std::make_shared<const Chunk>(1, std::move(change.service)));
      ++size_;
      continue;
    }
    const auto place = root->begin() + (chunk_of(*root, change.key) - root->cbegin());
    Chunk chunk = **place;
    const auto at = chunk.begin() + (first_from(chunk, change.key) - chunk.cbegin());
    const bool there = at != chunk.end() && (*at)->key == change.key;
    if (!there && !change.service) continue;
    if (!change.service) {
      chunk.erase(at);
      --size_;
    } else if (there) {
      *at = std::move(change.service);
    } else {
      chunk.insert(at, std::move(change.service));
      ++size_;
    }
    if (chunk.empty()) {
      root->erase(place);
    } else if (chunk.size() > kFull) {
      const auto middle = chunk.begin() + kFull / 2;
      *place = std::make_shared<const Chunk>(middle, chunk.end());
      root->insert(place, std::make_shared<const Chunk>(chunk.begin(), middle));
    } else {
      *place = std::make_shared<const Chunk>(std::move(chunk));
    }
  }
  root_.replace(root.release());
}

Store::Root::const_iterator Store::chunk_of(const Root& root, std::string_view key) {
  const auto after = std::upper_bound(root.begin(), root.end(), key, [](std::string_view wanted, const auto& chunk) {
    return wanted < chunk->front()->key;
  });
  return after == root.begin() ? after : after - 1;
}

const Service* Store::find(const Root& root, std::string_view key) {
  const auto chunk = chunk_of(root, key);
  if (chunk == root.end()) return nullptr;
  const auto at = first_from(**chunk, key);
  return at != (*chunk)->end() && (*at)->key == key ? at->get() : nullptr;
}

}  // namespace portolan::etcd
