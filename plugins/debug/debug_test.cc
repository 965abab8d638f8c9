// debug: the log's debug lines follow the configurations that ask for them.
#include "plugins/debug/debug.h"

#include <doctest/doctest.h>

#include "base/log.h"

namespace portolan::debug {
namespace {

TEST_CASE("debug: lines stay on until the last configuration that asks for them has stopped") {
  DebugLines before, after;
  CHECK_FALSE(log::debug_enabled());
  REQUIRE(before.prepare().has_value());
  CHECK(log::debug_enabled());
  REQUIRE(after.prepare().has_value());
  before.stop({});
  CHECK(log::debug_enabled());
  after.stop({});
  CHECK_FALSE(log::debug_enabled());
}

}  // namespace
}  // namespace portolan::debug
