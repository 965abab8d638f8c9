// The table: found by address, ordered by use.
#include "server/listen/proxy_sessions.h"

#include <algorithm>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <cstring>

#include "base/random.h"
#include "dns/fold.h"

namespace portolan::server {
namespace {

namespace mi = boost::multi_index;

struct Session {
  SocketAddress proxy, client;
  SteadyTime until;
};

// Whoever may send headers chooses the keys: without a secret they could all be made to fall on one place.
struct SecretHash {
  uint64_t secrets[3] = {secure_random64(), secure_random64(), secure_random64()};

  size_t operator()(const SocketAddress& address) const {
    uint64_t halves[2] = {};
    std::memcpy(halves, address.ip.octets().data(), address.ip.octets().size());
    const uint64_t rest = uint64_t{address.scope} << 16 | address.port;
    return dns::mix(dns::mix(halves[0] ^ secrets[0], halves[1] ^ secrets[1]) ^ rest, secrets[2]);
  }
};

using Sessions = mi::multi_index_container<
    Session, mi::indexed_by<mi::sequenced<>,
                            mi::hashed_unique<mi::member<Session, SocketAddress, &Session::proxy>, SecretHash>>>;

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
