// Fuzzes snapshot files: no file may crash or hang the start, and what an index took from one it gives back the same.
// The input is tried as it is, and with a head and a checksum that fit, so that the rows are reached.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/arena.h"
#include "cluster/snapshot.h"
#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/index.h"

using namespace portolan;
using namespace portolan::kubernetes;

namespace {

constexpr Shape kShape{.endpoint_slices = true, .pods = true, .pod_names = false, .clients = ClientData::all};

void require(bool holds) {
  if (!holds) std::abort();
}

std::string sealed(std::string_view rows) {
  std::string octets = "portolan snapshot 1\n" + std::string(sizeof(cluster::Digest) + 8 + 4, '\0');
  octets.append(rows).push_back('\0');
  const cluster::Digest digest = cluster::digest_of(octets);
  octets.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return octets + "\nthe end\n";
}

std::string rows_of(const Index& index) {
  std::string rows;
  SnapshotCursor cursor;
  while (!cursor.done()) index.collect(cursor, rows);
  require(!cursor.lost);
  return rows;
}

// Every answer that the services of the snapshot can give.
void ask_all(const Index& index, const cluster::Snapshot& snapshot) {
  Settings settings;
  settings.zones = {dns::Name::parse("zone.").value()};
  settings.primary = settings.zones.front();
  settings.pods = PodMode::verified;
  const rcu::ReadGuard reading;
  snapshot.each([&](const cluster::SnapshotRow& row) {
    if (row.kind != static_cast<uint8_t>(RowKind::service)) return;
    Arena arena;
    const Context context{settings, index, arena, settings.primary.view()};
    const dns::NameView name = under(context, row.key, settings.primary);
    for (const auto type : {dns::RRType::a, dns::RRType::aaaa, dns::RRType::srv, dns::RRType::cname}) {
      Records answer(arena), additional(arena);
      Selection selection;
      if (select(context, name, selection) != Found::records) continue;
      if (type == dns::RRType::srv)
        add_services(context, selection, name, answer, additional);
      else if (type == dns::RRType::cname)
        add_alias(context, selection, name, answer);
      else
        add_addresses(context, selection, type, name, answer);
    }
  });
}

void try_file(std::string_view octets) {
  const auto snapshot = cluster::Snapshot::parse(octets);
  if (!snapshot) return;
  Index index(kShape, system_clock());
  if (!index.restore(*snapshot)) {
    require(!index.restored());
    return;
  }
  ask_all(index, *snapshot);
  // Order and repeated rows aside: what is read back once more is as long.
  const std::string rows = rows_of(index);
  const std::string again = sealed(rows);
  Index second(kShape, system_clock());
  require(second.restore(cluster::Snapshot::parse(again).value()).has_value());
  require(rows_of(second).size() == rows.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try_file(input);
  try_file(sealed(input));
  return 0;
}
