// Fuzzes the answers of a primary, applied to a zone: none may crash or hang the reader, and every owner of a version
// that is accepted must be found again. The first octet chooses AXFR or IXFR; then messages, each with its length in
// front, as TCP has them.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "zones/catalog.h"
#include "zones/incoming_transfer.h"
#include "zones/lookup.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"
#include "zones/zonemd.h"

using namespace portolan;

namespace {

const dns::Name kOrigin = *dns::Name::parse("alder.test.");

std::shared_ptr<const zones::ZoneTree> current() {
  static const std::shared_ptr<const zones::ZoneTree> tree = [] {
    auto read = zones::read_zone_text(
        "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nwww 60 IN A 192.0.2.2\nwww 60 IN A "
        "192.0.2.3\n"
        "t 60 IN TXT x\nd 60 IN NS ns.d\nns.d 60 IN A 198.51.100.1\n*.w 60 IN CNAME www\nm 60 IN MX 10 www\n",
        "db", kOrigin);
    return std::shared_ptr<const zones::ZoneTree>(std::move(read->tree));
  }();
  return tree;
}

void look_at(const std::shared_ptr<const zones::ZoneTree>& tree) {
  for (const zones::ZoneTree::Node& node : tree->nodes()) {
    if (tree->find(tree->owner(node)) != &node) std::abort();
    if (!tree->owner(node).is_under(kOrigin)) std::abort();  // others are left out
    for (const dns::RRType type : {dns::RRType::a, dns::RRType::cname, dns::RRType::ns, dns::RRType::svcb}) {
      Arena arena;
      ArenaVector<dns::Record> answer(arena), authority(arena), additional(arena);
      zones::Lookup lookup(*tree, {dns::lower(tree->owner(node), arena), type, true}, arena,
                           {answer, authority, additional});
      if (lookup.run() == zones::Status::outside) lookup.conclude(zones::Status::success);
    }
  }
  (void)zones::check_zonemd(*tree);
  (void)zones::read_catalog(*tree);
  const auto stream = zones::transfer(tree, 0);
  Arena arena;
  ArenaVector<dns::Record> all(arena);
  while (stream->next(arena, all)) continue;
  if (all.size() != tree->record_count() + 1) std::abort();  // the SOA record twice
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  zones::IncomingTransfer transfer(kOrigin, data[0] & 1 ? current() : nullptr, {.records = 500, .octets = 1 << 16});
  std::span<const uint8_t> rest(data + 1, size - 1);
  bool done = false;
  while (!done) {
    if (rest.size() < 2) return 0;
    const size_t length = size_t{rest[0]} << 8 | rest[1];
    rest = rest.subspan(2);
    if (rest.size() < length) return 0;
    const auto last = transfer.read(rest.first(length));
    if (last.has_error()) return 0;
    done = *last;
    rest = rest.subspan(length);
  }
  auto finished = transfer.finish();
  if (finished.has_error() || !finished->tree) return 0;
  look_at(std::shared_ptr<const zones::ZoneTree>(std::move(finished->tree)));
  return 0;
}
