// secondary: the versions that it takes over are given to who keeps them.
#include <doctest/doctest.h>

#include "plugins/common/keeper_test.h"
#include "plugins/secondary/fake_primary_test.h"
#include "plugins/secondary/secondary.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin secondary_plugin;
}

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;
using testing::Keeper;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

// A server whose secondary has a primary, and what `transfer` is told there.
struct Server {
  explicit Server(const std::string& more = {}, const PluginFixture* previous = nullptr, FakePrimary* other = nullptr)
      : primary(other ? *other : own.emplace(loop, "alder.test.")),
        fixture(". {\ntransfer\nsecondary alder.test {\ntransfer from " + primary.text() + "\n" + more + "}\n}\n",
                {testing::keeper_plugin(), secondary_plugin}, previous) {
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
  }
  // The next things that are heard, once they are `count`.
  Lines next(size_t count) {
    Lines& heard = fixture.handler<Keeper>("transfer").heard;
    CHECK(fixture.run_until([&] {
      loop.run_once(0ms);
      return heard.size() >= count;
    }));
    return std::exchange(heard, {});
  }
  void tell() {
    fixture.process().fake_clock.advance(2s);
    testing::Ask notify;
    notify.name = "alder.test.";
    notify.type = dns::RRType::soa;
    notify.opcode = dns::Opcode::notify;
    fixture.ask(notify);
  }

  Loop loop;
  std::optional<FakePrimary> own;
  FakePrimary& primary;
  PluginFixture fixture;
};

TEST_CASE("secondary: each version is given to who keeps them, before secondaries hear of it; after a reload too") {
  Server server;
  server.primary.set(1, {"@ 60 IN NS ns"});
  server.fixture.configuration().serving();
  CHECK(server.next(2) == Lines{"keep alder.test. 1", "tell alder.test."});
  server.primary.set(2, {"@ 60 IN NS ns", "www 60 IN A 192.0.2.1"});
  server.tell();
  CHECK(server.next(2) == Lines{"keep alder.test. 2", "tell alder.test."});

  Server reloaded("", &server.fixture, &server.primary);
  reloaded.fixture.configuration().serving();
  CHECK(reloaded.next(2) == Lines{"keep alder.test. 2", "tell alder.test."});
}

TEST_CASE("secondary: of a member that a catalog no longer lists nothing is kept") {
  Server server("catalog\n");
  const Lines catalog = {"@ 60 IN NS invalid.", "version 60 IN TXT 2"};
  Lines with_member = catalog;
  with_member.push_back("a.zones 60 IN PTR birch.test.");
  server.primary.set_other("birch.test.", 7, {"www 60 IN A 192.0.2.7"});
  server.primary.set(1, with_member);
  server.fixture.configuration().serving();
  CHECK(server.next(4) == Lines{"keep alder.test. 1", "tell alder.test.", "keep birch.test. 7", "tell birch.test."});
  server.primary.set(2, catalog);
  server.tell();
  CHECK(server.next(3) == Lines{"forget birch.test.", "keep alder.test. 2", "tell alder.test."});
}

}  // namespace
}  // namespace portolan::secondary
