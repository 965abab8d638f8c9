// Fuzzes zone text: none may crash or hang the reader, and every owner of what it accepts must be found again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "zones/lookup.h"
#include "zones/zone_file.h"

using namespace portolan;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const dns::Name origin = *dns::Name::parse("alder.test.");
  zones::ReadOptions options;
  options.allow_include = false;
  options.max_records = 200;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto zone = zones::read_zone_text(text, "db", origin, options);
  if (!zone) return 0;
  const zones::ZoneTree& tree = *zone->tree;
  for (const zones::ZoneTree::Node& node : tree.nodes()) {
    if (tree.find(tree.owner(node)) != &node) std::abort();
    if (!tree.owner(node).is_under(origin)) continue;
    for (const dns::RRType type : {dns::RRType::a, dns::RRType::cname, dns::RRType::ns, dns::RRType::svcb}) {
      Arena arena;
      ArenaVector<dns::Record> answer(arena), authority(arena), additional(arena);
      zones::Lookup lookup(tree, {dns::lower(tree.owner(node), arena), type, true}, arena,
                           {answer, authority, additional});
      if (lookup.run() == zones::Status::outside) lookup.conclude(zones::Status::success);
    }
  }
  return 0;
}
