// What is shown of states that have their endpoints, and so their label, in common.
#include "plugins/etcd/metrics.h"

#include <doctest/doctest.h>

#include "base/metrics.h"
#include "plugins/etcd/fake_etcd.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin etcd_plugin;
}

namespace portolan::etcd {
namespace {

using testing::PluginFixture;

/// The value of a gauge of `etcd`, as it is exposed; empty when it is not.
std::string shown(const std::string& gauge, const FakeEtcd& etcd) {
  const std::string head = gauge + "{source=\"" + etcd.url() + "\"} ";
  const std::string all = "\n" + metrics::exposition();
  const size_t at = all.find("\n" + head);
  if (at == all.npos) return "";
  const size_t value = at + 1 + head.size();
  return all.substr(value, all.find('\n', value) - value);
}

/// Two blocks that read different keys of one etcd; `net` comes first.
std::string corefile(const FakeEtcd& etcd) {
  const std::string section = " {\n etcd {\n endpoint " + etcd.url() + "\n }\n}\n";
  return "net" + section + "org" + section;
}

void fill(FakeEtcd& etcd) {
  for (const char* key : {"/skydns/net/a", "/skydns/org/a", "/skydns/org/b"}) {
    etcd.put(key, R"({"host":"192.0.2.1"})");
  }
}

TEST_CASE("etcd metrics: blocks with the same endpoints are shown as one, with the keys of all") {
  FakeEtcd etcd;
  fill(etcd);
  {
    PluginFixture fixture(corefile(etcd), {etcd_plugin});
    REQUIRE(fixture.error_text() == "");
    CHECK(fixture.run_until([&] { return shown("portolan_etcd_connected", etcd) == "1"; }));
    CHECK(shown("portolan_etcd_keys", etcd) == "3");
    CHECK(shown("portolan_etcd_state_age_seconds", etcd) != "");
    etcd.put("/skydns/net/b", R"({"host":"192.0.2.2"})");
    CHECK(fixture.run_until([&] { return shown("portolan_etcd_keys", etcd) == "4"; }));
  }
  // Gone with the last of them, which ends on a thread of its own.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (shown("portolan_etcd_connected", etcd) != "" && std::chrono::steady_clock::now() < end) {
  }
  for (const char* gauge : {"portolan_etcd_connected", "portolan_etcd_keys", "portolan_etcd_state_age_seconds"}) {
    CHECK(shown(gauge, etcd) == "");
  }
}

TEST_CASE("etcd metrics: one block that cannot read is not hidden by another that can") {
  FakeEtcd etcd;
  fill(etcd);
  etcd.deny_below("/skydns/org");
  PluginFixture fixture(corefile(etcd), {etcd_plugin});
  REQUIRE(fixture.error_text() == "");
  REQUIRE(fixture.run_until([&] { return etcd.watches() == 1; }));
  etcd.put("/skydns/org/c", R"({"host":"192.0.2.3"})");
  CHECK(fixture.run_until([&] { return shown("portolan_etcd_keys", etcd) == "3"; }));
  CHECK(shown("portolan_etcd_connected", etcd) == "0");
}

}  // namespace
}  // namespace portolan::etcd
