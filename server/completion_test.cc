// What the scripts for shells hold. That shells take them, and what bash makes of one, is tested in tests/style.
#include "server/completion.h"

#include <doctest/doctest.h>

#include "server/flags.h"
#include "server/setup.h"

namespace portolan::server {
namespace {

const std::vector<Plugin> kTable = {
    {.name = "alpha", .setup = [](Setup&) -> Result<void> { return {}; }},
    {.name = "unbuilt"},
    {.name = "beta", .setup = [](Setup&) -> Result<void> { return {}; }},
};

TEST_CASE("completion: every shell gets every flag and the plugins that are built") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto script = completion(shell, kTable);
    REQUIRE(script.has_value());
    for (const FlagHelp& flag : flag_table()) {
      CAPTURE(flag.name);
      CHECK(script->find(flag.name) != std::string::npos);
    }
    CHECK(script->find("alpha beta") != std::string::npos);
    CHECK(script->find("unbuilt") == std::string::npos);
  }
}

TEST_CASE("completion: another shell is an error that names those there are") {
  CHECK(completion("tcsh", kTable).error().message == "-completion: \"tcsh\" is none of bash, zsh, fish");
}

}  // namespace
}  // namespace portolan::server
