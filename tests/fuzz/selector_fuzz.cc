// Fuzzes label selectors: what is accepted must print as a text that means the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cluster/selector.h"

using namespace portolan::cluster;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto selector = parse_selector({reinterpret_cast<const char*>(data), size});
  if (!selector) return 0;
  const auto again = parse_selector(selector->text());
  if (!again || again->text() != selector->text()) std::abort();
  for (const Labels& labels : {Labels{}, Labels{{"app", "web"}}, Labels{{"app", ""}, {"tier", "front"}}}) {
    if (again->matches(labels) != selector->matches(labels)) std::abort();
  }
  return 0;
}
