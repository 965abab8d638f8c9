// Which `cache` sections are accepted.
#include <doctest/doctest.h>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin cache_plugin;
}

namespace portolan::cache {
namespace {

using testing::PluginFixture;

TEST_CASE("cache: sections that CoreDNS refuses are refused") {
  const char* const sections[] = {
      "cache 0",
      "cache -1",
      "cache\n cache",
      "cache {\n success\n }",
      "cache {\n success abc\n }",
      "cache {\n success 100 0\n }",
      "cache {\n success 100 10 -1\n }",
      "cache {\n denial\n }",
      "cache {\n denial 100 -5\n }",
      "cache {\n denial 100 10 x\n }",
      "cache {\n prefetch\n }",
      "cache {\n prefetch -1\n }",
      "cache {\n prefetch 10 1x\n }",
      "cache {\n prefetch 10 1m 10\n }",
      "cache {\n prefetch 10 1m 5%\n }",
      "cache {\n prefetch 10 1m 95%\n }",
      "cache {\n prefetch 10 1m 50% x\n }",
      "cache {\n prefetch 10 1m x%\n }",
      "cache {\n serve_stale -1h\n }",
      "cache {\n serve_stale abc\n }",
      "cache {\n serve_stale 1h later\n }",
      "cache {\n serve_stale 1h verify -1s\n }",
      "cache {\n serve_stale 1h verify x\n }",
      "cache {\n serve_stale 1h immediate 1500ms\n }",
      "cache {\n serve_stale 1h immediate 30s 10m\n }",
      "cache {\n serve_stale 1h immediate 30s 1s 1s\n }",
      "cache {\n serve_stale 1h immediate -3s\n }",
      "cache {\n serve_stale_policy prefer_positive\n }",
      "cache {\n serve_stale\n serve_stale_policy other\n }",
      "cache {\n serve_stale\n serve_stale_policy\n }",
      "cache {\n serve_stale\n serve_stale_policy prefer_positive\n serve_stale_policy prefer_positive\n }",
      "cache {\n servfail\n }",
      "cache {\n servfail 10m\n }",
      "cache {\n servfail -1s\n }",
      "cache {\n servfail 5\n }",
      "cache {\n disable\n }",
      "cache {\n disable foo\n }",
      "cache {\n keepttl x\n }",
      "cache {\n unknown\n }",
  };
  for (const char* section : sections) {
    CAPTURE(section);
    PluginFixture fixture(std::string(". {\n ") + section + "\n}\n", {cache_plugin});
    CHECK_FALSE(fixture.ok());
    CHECK(fixture.error_text().find("plugin/cache: Corefile:") == 0);
  }
}

TEST_CASE("cache: sections that CoreDNS accepts are accepted") {
  const char* const sections[] = {
      "cache",
      "cache 30",
      "cache 30 alder.test",
      "cache abc",
      "cache 10 20",
      "cache {\n success 2000 10 5 9\n }",
      "cache {\n prefetch 10 1m 50%\n }",
      "cache {\n serve_stale\n }",
      "cache {\n serve_stale 1h VERIFY 100ms 30s 30s\n }",
      "cache {\n serve_stale\n serve_stale_policy Prefer_Positive\n }",
      "cache {\n servfail 0\n }",
      "cache {\n disable success a..b\n }",
      "cache {\n disable denial alder.test birch.test\n }",
      "cache {\n keepttl\n }",
  };
  for (const char* section : sections) {
    CAPTURE(section);
    PluginFixture fixture(std::string(". {\n ") + section + "\n}\n", {cache_plugin});
    CHECK(fixture.error_text() == "");
  }
}

}  // namespace
}  // namespace portolan::cache
