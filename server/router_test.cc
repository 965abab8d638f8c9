// Which block answers which name.
#include "server/router.h"

#include <doctest/doctest.h>

#include "server/setup.h"

namespace portolan::server {
namespace {

dns::Name name(const char* text) { return *dns::Name::parse(text); }

}  // namespace

TEST_CASE("router: the longest suffix wins, by whole labels") {
  Block root, org, example, odd;
  Router router;
  router.add(name("."), root);
  router.add(name("example.org."), example);
  router.add(name("org."), org);
  for (const char* zone : {"a.test.", "b.test.", "c.test."}) router.add(name(zone), odd);  // over to the hash table

  const struct {
    const char* asked;
    const Block* block;
  } cases[] = {
      {"www.example.org.", &example}, {"example.org.", &example},
      {"notexample.org.", &org},      {"org.", &org},
      {"example.com.", &root},        {".", &root},
      {"x.y.b.test.", &odd},          {"d.test.", &root},
  };
  for (const auto& each : cases) {
    CAPTURE(each.asked);
    const Router::Route* found = router.find(name(each.asked), dns::RRType::a);
    REQUIRE(found);
    CHECK(found->block == each.block);
  }
}

TEST_CASE("router: a name no key covers has no block") {
  Block example;
  Router router;
  router.add(name("example.org."), example);
  CHECK(router.find(name("example.net."), dns::RRType::a) == nullptr);
  CHECK(router.find(name("."), dns::RRType::a) == nullptr);
}

TEST_CASE("router: a DS question goes to the parent's block, RFC 4035 section 3.1.4.1") {
  Block root, org, example;
  Router router;
  router.add(name("."), root);
  router.add(name("org."), org);
  router.add(name("example.org."), example);
  CHECK(router.find(name("example.org."), dns::RRType::ds)->block == &org);
  CHECK(router.find(name("www.example.org."), dns::RRType::ds)->block == &org);
  CHECK(router.find(name("example.net."), dns::RRType::ds)->block == &root);
  CHECK(router.find(name("org."), dns::RRType::ds)->block == &org);  // the root's block does not count as parent
}

TEST_CASE("router: the first block of a zone has it") {
  Block first, second;
  Router router;
  router.add(name("example.org."), first);
  router.add(name("example.org."), second);
  CHECK(router.find(name("example.org."), dns::RRType::a)->block == &first);
}

}  // namespace portolan::server
