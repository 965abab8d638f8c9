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

TEST_CASE("router: the blocks of a zone follow one another in the Corefile's order") {
  for (const size_t others : {size_t{0}, size_t{9}}) {  // few: compared; many: looked up in a hash table
    Block first, second, third, other;
    Router router;
    router.add(name("example.org."), first);
    for (size_t i = 0; i < others; ++i) router.add(name(("a" + std::to_string(i) + ".test.").c_str()), other);
    router.add(name("example.org."), second);
    router.add(name("example.net."), other);
    router.add(name("example.org."), third);
    std::vector<const Block*> blocks;
    for (const Router::Route* route = router.at(name("example.org.")); route; route = router.after(*route)) {
      blocks.push_back(route->block);
    }
    CHECK(blocks == std::vector<const Block*>{&first, &second, &third});
    CHECK(router.after(*router.at(name("example.net."))) == nullptr);
    CHECK(!router.has_views());
  }
}

}  // namespace portolan::server
