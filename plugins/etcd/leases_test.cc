// When leases are asked for.
#include "plugins/etcd/leases.h"

#include <doctest/doctest.h>

#include "plugins/etcd/fake_etcd.h"

namespace portolan::etcd {
namespace {

using std::chrono::seconds;

TEST_CASE("leases: a new one is asked for at once, and again when half of its time has passed") {
  FakeClock clock;
  Leases leases({30, 3600}, clock);
  CHECK(!leases.next());
  const auto lease = leases.get(7);
  CHECK(leases.get(7) == lease);
  CHECK(leases.next() == clock.now());
  CHECK(leases.due() == lease);
  CHECK(leases.due() == nullptr);  // it is being asked for
  leases.learned(7, 90, 100);
  CHECK(lease->state == Lease::State::known);
  CHECK(leases.next() == clock.now() + seconds(50));
  clock.advance(seconds(49));
  CHECK(leases.due() == nullptr);
  clock.advance(seconds(1));
  CHECK(leases.due() == lease);
}

TEST_CASE("leases: one that never has more than the least TTL is left alone") {
  FakeClock clock;
  Leases leases({30, 3600}, clock);
  const auto lease = leases.get(7);
  leases.due();
  leases.learned(7, 20, 30);
  CHECK(leases.next() == clock.now() + seconds(3600));
}

TEST_CASE("leases: one that is gone or kept secret counts for nothing, and a failure changes nothing") {
  FakeClock clock;
  Leases leases({30, 3600}, clock);
  const auto gone = leases.get(1), secret = leases.get(2), late = leases.get(3);
  for (int i = 0; i < 3; ++i) leases.due();
  leases.learned(1, std::nullopt, 0);
  leases.failed(2, true);
  leases.failed(3, false);
  CHECK(gone->state == Lease::State::unknown);
  CHECK(secret->state == Lease::State::unknown);
  CHECK(late->state == Lease::State::asked);
  CHECK(leases.next() == clock.now() + seconds(5));
}

TEST_CASE("leases: only what etcd says of a lease counts, not that a token is of no use") {
  FakeEtcd etcd;
  etcd.set_lease(1, 40, 60);
  FakeClock clock;
  Leases leases({30, 3600}, clock);
  const auto lease = leases.get(1), other = leases.get(2);
  cluster::ApiServer server;
  server.url = etcd.url();
  Gateway gateway(server);
  etcd.require("u", "p");
  REQUIRE(leases.due() == lease);
  CHECK(leases.ask(*lease, gateway).fault == Fault::unauthenticated);
  CHECK(lease->state == Lease::State::asked);
  REQUIRE(gateway.authenticate("u", "p").ok());
  REQUIRE(leases.due() == other);
  CHECK(leases.ask(*other, gateway).ok());
  CHECK(other->state == Lease::State::unknown);  // there is none
  clock.advance(seconds(5));
  REQUIRE(leases.due() != nullptr);
  CHECK(leases.ask(*lease, gateway).ok());
  CHECK(lease->state == Lease::State::known);
  etcd.refuse(true);
  CHECK_FALSE(leases.ask(*lease, gateway).ok());
  CHECK(lease->state == Lease::State::unknown);
}

TEST_CASE("leases: one that no key has any more is forgotten") {
  FakeClock clock;
  Leases leases({30, 3600}, clock);
  leases.get(7);
  CHECK(leases.due() == nullptr);
  CHECK(!leases.next());
  const auto again = leases.get(7);
  CHECK(leases.due() == again);
}

}  // namespace
}  // namespace portolan::etcd
