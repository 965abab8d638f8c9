// Readers' look-ups and the source's calls; the work of a change is the writer's.
#include "plugins/kubernetes/index.h"

#include <utility>

#include "plugins/kubernetes/key_hash.h"
#include "plugins/kubernetes/writer.h"

namespace portolan::kubernetes {

using cluster::Kind;

Index::Index(Shape shape, const Clock& clock)
    : clients_(shape.pods ? shape.clients : ClientData::none), writer_(std::make_unique<Writer>(*this, shape, clock)) {
  if (!shape.endpoint_slices && !shape.imports) unsynced_ &= ~bit(Kind::endpoint_slice);
  if (!shape.pods) unsynced_ &= ~bit(Kind::pod);
  if (!shape.imports) unsynced_ &= ~bit(Kind::service_import);
}

Index::~Index() {
  rcu::synchronize();
  for (Services* services : {&services_, &imports_}) {
    services->table_.each([](Entry* entry) { ::operator delete(entry); });
  }
}

const Entry* Services::find(std::string_view key) const {
  return table_.find(key_hash(key), [key](const Entry& entry) { return entry.key() == key; });
}

std::vector<std::string_view> Services::keys(Arena& arena) const {
  std::vector<std::string_view> keys;
  table_.each([&](const Entry* entry) { keys.push_back(arena.copy(entry->key())); });
  return keys;
}

bool Index::has_namespace(std::string_view name) const {
  const NamespaceNode* node = namespaces_.find(name);
  return node && node->exists.load(std::memory_order_acquire);
}

const ReverseNode* Index::names_of(const IpAddress& address) const { return reverse_.find(address); }

const ReverseNode* Index::external_names_of(const IpAddress& address) const { return external_reverse_.find(address); }

uint32_t Index::pods(const IpAddress& address, std::string_view space) const {
  const NamespaceNode* node = namespaces_.find(space);
  return node ? pods_.count(address, node->number) : 0;
}

void Index::when_synced(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (!synced()) {
      when_synced_ = std::move(call);
      return;
    }
  }
  call();
}

void Index::on_connection(std::function<void(Kind, bool, std::string_view)> call) { on_connection_ = std::move(call); }
void Index::on_programmed(std::function<void(std::string_view, bool)> call) { on_programmed_ = std::move(call); }

void Index::collect(SnapshotCursor& cursor, std::string& rows) const {
  const std::lock_guard lock(mutex_);
  writer_->collect(cursor, rows);
}

Result<SnapshotCounts> Index::restore(const cluster::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  auto counts = writer_->restore(snapshot);
  if (!counts) return counts;
  services_.serial_.store(snapshot.head().serial, std::memory_order_relaxed);
  restored_from_ = snapshot.head().saved;
  restored_.store(true, std::memory_order_release);
  return counts;
}

void Index::begin_snapshot(Kind kind) {
  const std::lock_guard lock(mutex_);
  writer_->begin(kind);
}

void Index::end_snapshot(Kind kind) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    writer_->end(kind);
    unsynced_.fetch_and(~bit(kind), std::memory_order_release);
    if (synced()) call = std::exchange(when_synced_, nullptr);
  }
  if (call) call();
}

void Index::apply(cluster::Object&& object) {
  const std::lock_guard lock(mutex_);
  std::visit([this](const auto& each) { writer_->apply(each); }, object);
}

void Index::remove(Kind kind, std::string_view space, std::string_view name) {
  const std::lock_guard lock(mutex_);
  writer_->remove(kind, space, name);
}

void Index::connection(Kind kind, bool working, std::string_view reason) {
  if (on_connection_) on_connection_(kind, working, reason);
}

}  // namespace portolan::kubernetes
