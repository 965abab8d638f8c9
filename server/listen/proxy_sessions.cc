// The table: found by address, ordered by use.
#include "server/listen/proxy_sessions.h"

#include <algorithm>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>

namespace portolan::server {
namespace {

namespace mi = boost::multi_index;

struct Session {
  SocketAddress proxy, client;
  SteadyTime until;
};

using Sessions = mi::multi_index_container<
    Session, mi::indexed_by<mi::sequenced<>,
                            mi::hashed_unique<mi::member<Session, SocketAddress, &Session::proxy>, AddressHash>>>;

}  // namespace

struct ProxySessions::Table {
  size_t most;
  Sessions all;  // the one used last in front

  auto& by_use() { return all.get<0>(); }
  auto& by_proxy() { return all.get<1>(); }
  void touch(const Session& session) { by_use().relocate(by_use().begin(), by_use().iterator_to(session)); }
};

ProxySessions::ProxySessions(size_t most) : table_(new Table{std::max<size_t>(most, 1), {}}) {}
ProxySessions::~ProxySessions() = default;

size_t ProxySessions::size() const { return table_->all.size(); }

void ProxySessions::store(const SocketAddress& proxy, const SocketAddress& client, SteadyTime until) {
  const Session session{proxy, client, until};
  const auto found = table_->by_proxy().find(proxy);
  if (found != table_->by_proxy().end()) {
    table_->by_proxy().replace(found, session);
    return table_->touch(*found);
  }
  if (table_->all.size() >= table_->most) table_->by_use().pop_back();
  table_->by_use().push_front(session);
}

std::optional<SocketAddress> ProxySessions::find(const SocketAddress& proxy, SteadyTime now, SteadyTime until) {
  const auto found = table_->by_proxy().find(proxy);
  if (found == table_->by_proxy().end()) return std::nullopt;
  if (found->until <= now) {
    table_->by_proxy().erase(found);
    return std::nullopt;
  }
  table_->by_proxy().modify(found, [&](Session& session) { session.until = until; });
  table_->touch(*found);
  return found->client;
}

}  // namespace portolan::server
