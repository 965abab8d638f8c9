// The options of an OPT: what many of them cost.
#include "plugins/rewrite/edns_options.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <vector>

namespace portolan::rewrite {
namespace {

long most_memory() {  // KiB that the process ever had
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_CASE("rewrite: taking ten thousand options out of an OPT takes memory for one list") {
  constexpr uint16_t kCode = 65001;
  constexpr size_t kOptions = 10'000;
  std::vector<dns::EdnsOption> options(kOptions, {kCode, {}});
  options.front().code = options.back().code = 3;
  dns::Edns edns;
  edns.options = options;
  Arena arena;
  const long before = most_memory();
  remove_options(edns, kCode, arena);
  CHECK(most_memory() - before < 16 * 1024);  // a list has 240 KB, a list for each option 1.2 GB
  REQUIRE(edns.options.size() == 2);
  CHECK(edns.options[0].code == 3);
  CHECK(edns.options[1].code == 3);
  remove_options(edns, 3, arena);
  CHECK(edns.options.empty());
  remove_options(edns, 3, arena);
  CHECK(edns.options.empty());
}

}  // namespace
}  // namespace portolan::rewrite
