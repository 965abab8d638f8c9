// Configuration: what is done with all of it together, once built.
#include "server/configuration.h"

#include <algorithm>
#include <functional>

namespace portolan::server {
namespace {

bool same_place(const Block& a, const Block& b) {
  return a.view() == b.view() && std::equal(a.keys().begin(), a.keys().end(), b.keys().begin(), b.keys().end(),
                                            [](const Block::Key& x, const Block::Key& y) { return x.text == y.text; });
}

// The n-th handler of `name` in `block`.
std::shared_ptr<Handler> nth(const Block& block, std::string_view name, size_t n) {
  for (const Member& member : block.members()) {
    if (member.name == name && n-- == 0) return member.handler;
  }
  return nullptr;
}

void adopt_block(const Block& block, const Block& previous) {
  std::string_view name;
  size_t occurrence = 0;
  for (const Member& member : block.members()) {
    occurrence = member.name == name ? occurrence + 1 : 0;
    name = member.name;
    auto* adopter = dynamic_cast<Adopter*>(member.handler.get());
    if (!adopter) continue;
    if (auto predecessor = nth(previous, name, occurrence)) adopter->adopt(predecessor);
  }
}

}  // namespace

void ListenerPlan::apply(const ListenOptions& options) {
  limits.read_timeout = options.read_timeout.value_or(limits.read_timeout);
  limits.write_timeout = options.write_timeout.value_or(limits.write_timeout);
  limits.idle_timeout = options.idle_timeout.value_or(limits.idle_timeout);
  limits.most_queries = options.most_tcp_queries.value_or(limits.most_queries);
  if (options.proxy) proxy = options.proxy;
  shed = shed || options.shed;
}

unsigned ListenerPlan::sockets_of(unsigned index, unsigned workers) const {
  if (sockets == 0) return 1;
  const auto first = static_cast<unsigned>(std::hash<std::string>()(label) % workers);
  const unsigned turn = (index + workers - first) % workers;
  return sockets / workers + (turn < sockets % workers ? 1 : 0);
}

void Configuration::adopt(const Configuration& previous) {
  std::vector<const Block*> left;
  for (const auto& block : previous.blocks_) left.push_back(block.get());
  for (const auto& block : blocks_) {
    auto match = std::find_if(left.begin(), left.end(), [&](const Block* other) { return same_place(*block, *other); });
    if (match == left.end()) continue;
    adopt_block(*block, **match);
    left.erase(match);  // several blocks may have the same keys, each is adopted once
  }
}

Result<void> Configuration::prepare() {
  for (; prepared_ < startables_.size(); ++prepared_) {
    if (auto done = startables_[prepared_]->prepare(); done.has_error()) return done;
  }
  return {};
}

void Configuration::serving() {
  for (const auto& startable : startables_) startable->serving();
}

void Configuration::lameduck() noexcept {
  for (const auto& startable : startables_) startable->lameduck();
}

void Configuration::stop(Deadline deadline) noexcept {
  while (prepared_ > 0) startables_[--prepared_]->stop(deadline);
}

}  // namespace portolan::server
