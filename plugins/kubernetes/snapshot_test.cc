// Snapshots of the index: the same answers after a restart, a list afterwards that changes only what has changed, files
// that are of no use, and when files are written.
#include "cluster/snapshot.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/log_capture.h"
#include "base/metrics.h"
#include "base/temporary_folder.h"
#include "plugins/kubernetes/snapshot_keeper.h"
#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;
using cluster::Kind;
using dns::RRType;
using Lines = std::vector<std::string>;

namespace {

constexpr Shape kShape{.endpoint_slices = true, .pods = true, .pod_names = false};

using Folder = TemporaryFolder;

// One cluster with everything that a snapshot holds.
void fill(Index& index) {
  for (const char* space : {"a", "b"}) index.apply(space_object(space));
  index.apply(service_object("a", "web", {"10.0.0.1", "fd00::1"}, {{"http", "TCP", 80}, {"dns", "UDP", 53}}));
  index.apply(service_object("a", "db", {"None"}));
  index.apply(alias_object("b", "out", "Target.Example"));
  index.apply(slice_object("a", "db", "db-1", {"10.1.0.1=one", "10.1.0.2", "fd00::2"}));
  index.apply(slice_object("a", "db", "db-2", {"10.1.0.3=three"}, {{"", "TCP", 5432}}));
  index.apply(slice_object("a", "late", "late-1", {"10.1.0.4"}));  // its service is not there yet
  index.apply(pod_object("a", "p", "10.1.0.1"));
  index.apply(pod_object("a", "q", "10.1.0.1"));
  index.apply(pod_object("b", "p", "fd00::9"));
  index.apply(pod_object("b", "waiting", ""));
}

// What a source does that reads this cluster.
void read_all(Index& index) {
  for (size_t i = 0; i < cluster::kKinds; ++i) index.begin_snapshot(static_cast<Kind>(i));
  fill(index);
  for (size_t i = 0; i < cluster::kKinds; ++i) index.end_snapshot(static_cast<Kind>(i));
}

std::vector<std::pair<std::string, Lines>> everything(const Index& index) {
  const Settings settings = settings_for("zone.");
  std::vector<std::pair<std::string, Lines>> result;
  const auto add = [&](const std::string& name, RRType type) {
    result.emplace_back(name + " " + dns::text(type), ask(index, settings, name, type));
  };
  for (const char* name : {"web.a.svc.zone.", "_dns._udp.web.a.svc.zone.", "db.a.svc.zone.", "one.db.a.svc.zone.",
                           "10-1-0-2.db.a.svc.zone.", "out.b.svc.zone.", "late.a.svc.zone.", "none.a.svc.zone.",
                           "10-1-0-1.a.pod.zone.", "10-1-0-1.b.pod.zone.", "fd00--9.b.pod.zone.", "b.svc.zone."}) {
    for (const RRType type : {RRType::a, RRType::aaaa, RRType::srv, RRType::cname}) add(name, type);
  }
  for (const char* name : {"1.0.0.10", "1.0.1.10", "2.0.1.10", "3.0.1.10", "4.0.1.10", "9.9.9.9"}) {
    add(std::string(name) + ".in-addr.arpa.", RRType::ptr);
  }
  return result;
}

std::string octets_of(const Index& index, const std::string& source = "here") {
  const Folder folder;
  const cluster::SnapshotHead head{cluster::digest_of(source), system_clock().wall(), index.services().serial()};
  auto file = cluster::SnapshotFile::create(folder / "s", head);
  SnapshotCursor cursor;
  std::string rows;
  while (!cursor.done()) index.collect(cursor, rows);
  REQUIRE_FALSE(cursor.lost);
  REQUIRE(file->write(rows).has_value());
  REQUIRE(file->finish().has_value());
  return cluster::read_snapshot(folder / "s").value();
}

void restore(Index& index, const std::string& octets) {
  const auto counts = index.restore(cluster::Snapshot::parse(octets).value());
  REQUIRE_MESSAGE(counts.has_value(), counts.error().message);
}

std::string filled_octets() {
  FakeClock clock;
  Index index(kShape, clock);
  fill(index);
  return octets_of(index);
}

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("snapshot: an index that is put in answers as the one that was saved") {
  FakeClock clock;
  Index before(kShape, clock);
  read_all(before);
  const std::string octets = octets_of(before);
  clock.advance(std::chrono::hours(1));
  Index after(kShape, clock);
  restore(after, octets);
  CHECK(after.restored());
  CHECK_FALSE(after.synced());
  CHECK(after.services().serial() == before.services().serial());
  CHECK(everything(after) == everything(before));
  CHECK(octets_of(after).size() == octets.size());
}

TEST_CASE("snapshot: imports, topology zones and all addresses of pods are in it, where they are kept") {
  const Shape shape{.endpoint_slices = true,
                    .pods = true,
                    .all_pod_ips = true,
                    .imports = true,
                    .zones = true,
                    .clients = ClientData::all};
  FakeClock clock;
  Index before(shape, clock);
  cluster::Pod pod = pod_object("a", "p", "10.1.0.1");
  pod.ips = {"10.1.0.1", "fd00::9"};
  cluster::Pod v6 = pod_object("a", "q", "");
  v6.ips = {"fd00::a"};
  cluster::EndpointSlice slice = slice_object("a", "db", "db-1", {"10.1.0.1=one", "10.1.0.2"});
  slice.endpoints[0].zone = "Rack.1";
  const auto read = [&](Index& index) {
    for (size_t i = 0; i < cluster::kKinds; ++i) index.begin_snapshot(static_cast<Kind>(i));
    index.apply(space_object("a"));
    index.apply(service_object("a", "db", {"None"}));
    index.apply(cluster::Object(slice));
    index.apply(import_object("a", "db", {"None"}));
    index.apply(import_object("a", "mc", {"10.5.0.1"}));
    index.apply(imported_slice("a", "db", "east", {"10.7.0.1=g-1"}));
    index.apply(cluster::Object(pod));
    index.apply(cluster::Object(v6));
    for (size_t i = 0; i < cluster::kKinds; ++i) index.end_snapshot(static_cast<Kind>(i));
  };
  read(before);
  Index after(shape, clock);
  restore(after, octets_of(before));

  Settings settings = settings_for("zone.");
  settings.zonal = settings.all_pod_ips = true;
  Settings of_set = settings;
  of_set.multicluster = of_set.zones;
  const std::pair<const Settings*, const char*> names[] = {{&settings, "rack.1.pin._zone.db.a.svc.zone."},
                                                           {&settings, "db.a.svc.zone."},
                                                           {&settings, "mc.a.svc.zone."},
                                                           {&settings, "fd00--9.a.pod.zone."},
                                                           {&settings, "fd00--a.a.pod.zone."},
                                                           {&of_set, "mc.a.svc.zone."},
                                                           {&of_set, "db.a.svc.zone."},
                                                           {&of_set, "g-1.east.db.a.svc.zone."},
                                                           {&of_set, "one.db.a.svc.zone."}};
  for (const auto& [used, name] : names) {
    CAPTURE(name);
    for (const RRType type : {RRType::a, RRType::aaaa, RRType::srv}) {
      CHECK(ask(after, *used, name, type) == ask(before, *used, name, type));
    }
  }
  CHECK(ask(after, settings, "fd00--9.a.pod.zone.", RRType::aaaa) == Lines{"fd00--9.a.pod.zone. 5 IN AAAA fd00::9"});
  CHECK(ask(after, of_set, "mc.a.svc.zone.", RRType::a) == Lines{"mc.a.svc.zone. 5 IN A 10.5.0.1"});
  {
    const rcu::ReadGuard reading;
    for (const char* address : {"10.1.0.1", "fd00::9"}) {
      const ClientPod* const client = after.client(*IpAddress::parse(address));
      REQUIRE(client);
      CHECK(client->client().name == "p");
    }
    REQUIRE(after.client(*IpAddress::parse("fd00::a")));
  }
  const uint64_t version = after.version();
  read(after);
  CHECK(after.version() == version);  // the same again: nothing has changed
  CHECK(octets_of(after).size() == octets_of(before).size());
  after.remove(Kind::pod, "a", "p");
  CHECK(after.pods(*IpAddress::parse("fd00::9"), "a") == 0);
  CHECK(after.client(*IpAddress::parse("fd00::9")) == nullptr);
}

TEST_CASE("snapshot: a list afterwards takes away what is gone and changes what has changed, when it is complete") {
  FakeClock clock;
  Index index(kShape, clock);
  restore(index, filled_octets());
  const uint32_t serial = index.services().serial();
  const uint64_t version = index.version();
  const Settings settings = settings_for("zone.");
  const auto address = [&](const char* name) { return ask(index, settings, name, RRType::a); };
  clock.advance(std::chrono::hours(1));

  // The same again: nothing has changed.
  for (const Kind kind : {Kind::service, Kind::endpoint_slice, Kind::pod, Kind::namespace_}) index.begin_snapshot(kind);
  fill(index);
  CHECK(index.version() == version);
  CHECK(index.services().serial() == serial);
  // One kind's list breaks off and begins anew, without web and db-2.
  index.begin_snapshot(Kind::service);
  index.apply(service_object("a", "db", {"None"}));
  index.begin_snapshot(Kind::endpoint_slice);
  index.apply(slice_object("a", "db", "db-1", {"10.1.0.1=one"}));
  CHECK(address("web.a.svc.zone.") == Lines{"web.a.svc.zone. 5 IN A 10.0.0.1"});
  CHECK(address("db.a.svc.zone.").size() == 2);
  index.end_snapshot(Kind::service);
  index.end_snapshot(Kind::endpoint_slice);
  CHECK(address("web.a.svc.zone.") == Lines{"NXDOMAIN"});
  CHECK(address("db.a.svc.zone.").size() == 1);
  CHECK(ask(index, settings, "3.0.1.10.in-addr.arpa.", RRType::ptr) == Lines{"NXDOMAIN"});
  // Pods are the same ones: one of two with an address goes, and the other one still counts.
  index.begin_snapshot(Kind::pod);
  index.apply(pod_object("a", "q", "10.1.0.1"));
  CHECK(index.pods(*IpAddress::parse("10.1.0.1"), "a") == 2);
  index.end_snapshot(Kind::pod);
  CHECK(index.pods(*IpAddress::parse("10.1.0.1"), "a") == 1);
  index.remove(Kind::pod, "a", "q");
  CHECK(index.pods(*IpAddress::parse("10.1.0.1"), "a") == 0);
  index.begin_snapshot(Kind::namespace_);
  index.apply(space_object("a"));
  index.end_snapshot(Kind::namespace_);
  CHECK(address("b.svc.zone.") == Lines{"NXDOMAIN"});
  CHECK(index.synced());
}

TEST_CASE("snapshot: which pod asks is known after a start, as far as it is kept") {
  const auto shape = [](ClientData clients) {
    Shape shape = kShape;
    shape.clients = clients;
    return shape;
  };
  FakeClock clock;
  cluster::Pod pod = pod_object("a", "p", "10.1.0.1");
  pod.meta.labels = {{"app", "web"}, {"empty", ""}};
  const auto asks = [](const Index& index) -> std::string {
    const rcu::ReadGuard reading;
    const ClientPod* const client = index.client(*IpAddress::parse("10.1.0.1"));
    if (!client) return "nobody";
    std::string_view label;
    const bool labelled = client->client().label("app", label);
    return std::string(client->client().space) + "/" + std::string(client->client().name) + " " +
           (labelled ? std::string(label) : "-");
  };
  const struct {
    ClientData saved, started;
    const char* before_the_list;
    const char* after_it;
  } cases[] = {
      {ClientData::all, ClientData::all, "a/p web", "a/p web"},
      {ClientData::all, ClientData::spaces, "a/ -", "a/ -"},
      {ClientData::all, ClientData::none, "nobody", "nobody"},
      {ClientData::spaces, ClientData::spaces, "a/ -", "a/ -"},
      {ClientData::none, ClientData::spaces, "a/ -", "a/ -"},
      {ClientData::none, ClientData::all, "nobody", "a/p web"},
  };
  for (const auto& each : cases) {
    CAPTURE(int(each.saved));
    CAPTURE(int(each.started));
    Index saved(shape(each.saved), clock);
    saved.apply(cluster::Object(pod));
    Index started(shape(each.started), clock);
    restore(started, octets_of(saved));
    CHECK(asks(started) == each.before_the_list);
    const uint64_t version = started.version();
    started.apply(cluster::Object(pod));
    CHECK(asks(started) == each.after_it);
    CHECK((started.version() == version) == (std::string(each.before_the_list) == each.after_it));
    started.remove(Kind::pod, "a", "p");
    CHECK(asks(started) == "nobody");
  }
}

TEST_CASE("snapshot: rows that no index makes are refused, and nothing is put in") {
  FakeClock clock;
  const std::string service = pack(service_object("a", "s", {"10.0.0.1"}));
  const std::string slice = pack(slice_object("a", "s", "s-1", {"10.1.0.1=h"}), {});
  const std::string key("\1s\1a\3svc");
  const auto changed = [](std::string octets, size_t at, char value) {
    octets[at] = value;
    return octets;
  };
  const auto row = [](RowKind kind, std::string_view name, std::string_view row_key, std::string_view value) {
    std::string octets;
    cluster::append_row(octets, {static_cast<uint8_t>(kind), name, row_key, value});
    return octets;
  };
  const std::string space = row(RowKind::space, "a", "", "1");
  const std::string pod_key = row(RowKind::pod_key, "", "", std::string(16, 'k'));
  const std::string first(4, '\0'), id(8, 'i');
  const std::pair<std::string, bool> cases[] = {
      {space + row(RowKind::service, "", key, service) + row(RowKind::slice, "a/s-1", key, slice), true},
      {space + pod_key + row(RowKind::pod, id, first, "\1\2\3\4") + row(RowKind::pod, id + "", first, ""), true},
      {space + pod_key + row(RowKind::pod, id, first, "\1\2\3\4") +
           row(RowKind::client, "p", "", std::string("\3\0\3\0appweb", 10)),
       true},
      {row(static_cast<RowKind>(7), "", "", ""), false},
      {pod_key + row(RowKind::client, "p", "", ""), false},  // of no pod
      {space + pod_key + row(RowKind::pod, id, first, "") +
           row(RowKind::client, "p", "", std::string("\4\0\3\0appweb", 10)),
       false},
      {space + pod_key + row(RowKind::pod, id, first, "") + row(RowKind::client, "p", "", "\3"), false},
      {row(RowKind::space, "a", "", ""), false},
      {row(RowKind::service, "", "\1s\1a\3pod", service), false},
      {row(RowKind::service, "", "\1S\1a\3svc", service), false},
      {row(RowKind::service, "", "\5s\1a\3svc", service), false},
      {row(RowKind::service, "", std::string("\0\1a\3svc", 7), service), false},
      {row(RowKind::service, "", key, service.substr(0, service.size() - 1)), false},
      {row(RowKind::service, "", key, service + "x"), false},
      {row(RowKind::service, "", key, ""), false},
      {row(RowKind::service, "", key, changed(service, 0, 9)), false},    // offset of the addresses
      {row(RowKind::service, "", key, changed(service, 4, 3)), false},    // form
      {row(RowKind::service, "", key, changed(service, 5, 1)), false},    // external name's size
      {row(RowKind::service, "", key, changed(service, 6, 0)), false},    // no port
      {row(RowKind::service, "", key, changed(service, 9, 127)), false},  // too many ports
      {row(RowKind::service, "", key, slice), false},
      {row(RowKind::slice, "a/s-1", key, service), false},
      {row(RowKind::slice, std::string(1025, 'n'), key, slice), false},
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 3, 0)), false},    // an empty label
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 2, 'H')), false},  // upper case
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 1, 1)), false},    // a topology zone's size
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 1, 1) + std::string(1, '\0')), false},
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 1, 3) + "\2z1"), true},
      {row(RowKind::slice, "a/s-1", key, changed(slice, slice.size() - 1, 3) + "\2Z1"), false},
      {row(RowKind::service, "", key, changed(service, service.size() - 1, 3) + "\2z1"), false},
      {row(RowKind::import, "", key, service) + row(RowKind::import_slice, "a/s-1", key, slice), true},
      {row(RowKind::import, "", key, slice), false},
      {row(RowKind::import_slice, "a/s-1", key, service), false},
      {row(RowKind::pod_address, "", "", "\1\2\3\4"), false},  // no pod in front
      {pod_key + row(RowKind::pod, id, first, "\1\2\3\4") + row(RowKind::pod_address, "", "", "\1\2\3\5"), true},
      {pod_key + row(RowKind::pod, id, first, "\1\2\3\4") + row(RowKind::pod_address, "", "", "\1\2\3"), false},
      {space + row(RowKind::pod, id, first, ""), false},                         // no key in front
      {pod_key + row(RowKind::pod, id, std::string("\1\0\0\0", 4), ""), false},  // no such namespace
      {space + pod_key + row(RowKind::pod, id, first, "\1\2\3"), false},
      {space + pod_key + row(RowKind::pod, "short", first, ""), false},
      {space + pod_key + row(RowKind::pod, id, first, "") + pod_key, false},
  };
  for (size_t i = 0; i < std::size(cases); ++i) {
    CAPTURE(i);
    Index index(kShape, clock);
    const Folder folder;
    auto file = cluster::SnapshotFile::create(folder / "s", {});
    REQUIRE(file->write(space + cases[i].first).has_value());
    if (i > 2) REQUIRE(file->write(cases[0].first).has_value());
    REQUIRE(file->finish().has_value());
    const std::string octets = cluster::read_snapshot(folder / "s").value();
    const auto snapshot = cluster::Snapshot::parse(octets);
    REQUIRE(snapshot.has_value());
    CHECK(index.restore(*snapshot).has_value() == cases[i].second);
    CHECK(index.restored() == cases[i].second);
    CHECK(index.has_namespace("a") == cases[i].second);
  }
}

TEST_CASE("snapshot: what happened while it was collected makes it none, or is in the next one") {
  FakeClock clock;
  Index index(kShape, clock);
  fill(index);
  SnapshotCursor cursor;
  std::string rows;
  index.collect(cursor, rows);  // namespaces
  index.apply(pod_object("new-space", "p", "10.1.0.7"));
  while (!cursor.done()) index.collect(cursor, rows);
  CHECK(cursor.lost);

  for (int i = 0; i < 3000; ++i) index.apply(service_object("a", "s" + std::to_string(i), {"10.0.0.1"}));
  cursor = {};
  index.collect(cursor, rows);
  index.collect(cursor, rows);
  REQUIRE(cursor.at == SnapshotCursor::At::services);
  for (int i = 3000; i < 9000; ++i) index.apply(service_object("a", "s" + std::to_string(i), {"10.0.0.1"}));
  while (!cursor.done()) index.collect(cursor, rows);
  CHECK(cursor.lost);

  cursor = {};
  index.collect(cursor, rows);
  const uint64_t version = index.version();
  index.remove(Kind::service, "a", "s5");
  CHECK(index.version() != version);
  while (!cursor.done()) index.collect(cursor, rows);
  CHECK_FALSE(cursor.lost);
}

TEST_CASE("snapshot: a file that cannot be used is one line in the log, and the start goes on") {
  const Folder folder;
  FakeClock clock;
  SourceOptions source;
  source.api.url = "https://api.test:6443";
  source.wanted.pods = true;
  SourceOptions other = source;
  other.wanted.label_selector = "a=b";
  Index filled(kShape, clock);
  fill(filled);
  const std::string good = octets_of(filled, source.identity());
  std::string damaged = good;
  damaged[good.size() / 2] ^= 1;
  mkfifo((folder / "pipe").c_str(), 0600);
  const struct {
    const char* name;
    std::string octets;
    std::string line;
  } cases[] = {
      {"damaged", damaged, " is not used: it is damaged: its checksum does not fit\n"},
      {"cut", good.substr(0, good.size() / 2), " is not used: it is cut off\n"},
      {"empty", "", " is not used: it is no snapshot\n"},
      {"newer", "portolan snapshot 2\n", " is not used: it is of format 2, written by a newer version; "},
      {"older", "portolan snapshot 0\n", " is not used: it is of format 0, written by an older version; "},
      {"other", octets_of(filled, other.identity()), " is not used: it is of another API server or of other options\n"},
      {"pipe", "-", " is not used: it is no regular file\n"},
      {"none", "-", "there is no snapshot "},
      {"good", good, " of api.test:6443, saved "},
  };
  for (const auto& each : cases) {
    CAPTURE(each.name);
    if (each.octets != "-") std::ofstream(folder / each.name) << each.octets;
    Index index(kShape, clock);
    log::LogCapture capture;
    load_snapshot(folder / each.name, source, index, system_clock());
    const std::string line = capture.take();
    CHECK_MESSAGE(line.find(each.line) != line.npos, line);
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK(index.restored() == (std::string(each.name) == "good"));
  }
}

TEST_CASE("snapshot: a snapshot belongs to what is read and from where, not to who reads it") {
  const Folder folder;
  std::ofstream(folder / "ca") << "authority";
  std::ofstream(folder / "same-ca") << "authority";
  std::ofstream(folder / "other-ca") << "another authority";
  SourceOptions source;
  source.api.url = "https://api.test:6443";
  source.api.ca_file = folder / "ca";
  const auto with = [&](const std::function<void(SourceOptions&)>& change) {
    SourceOptions changed = source;
    change(changed);
    return changed.identity() == source.identity();
  };
  CHECK(with([](SourceOptions& options) { options.api.token = "another"; }));
  CHECK(with([](SourceOptions& options) { options.api.qps = 100; }));
  CHECK(with([&](SourceOptions& options) { options.api.ca_file = folder / "same-ca"; }));
  CHECK_FALSE(with([&](SourceOptions& options) { options.api.ca_file = folder / "other-ca"; }));
  CHECK_FALSE(with([](SourceOptions& options) { options.api.url = "https://api.test:6444"; }));
  CHECK_FALSE(with([](SourceOptions& options) { options.wanted.pods = true; }));
  CHECK_FALSE(with([](SourceOptions& options) { options.pod_names = true; }));
  CHECK_FALSE(with([](SourceOptions& options) { options.wanted.namespace_label_selector = "a"; }));
  CHECK(source.identity().find(source.api.token_file + "secret") == std::string::npos);
}

namespace {

// A state whose API server is never there; the test plays its part.
StatePtr state_of(SourceOptions& source, const std::string& url) {
  source.api.url = url;
  source.wanted.pods = true;
  return ClusterState::get(source, system_clock()).value();
}
Index& index_of(const StatePtr& state) { return const_cast<Index&>(state->index()); }

constexpr SnapshotPace kHaste{std::chrono::milliseconds(1), std::chrono::hours(1)};

// How often the file has been replaced shows in its inode.
ino_t inode_of(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

Lines saved_answer(const std::string& path, const char* name) {
  const auto octets = cluster::read_snapshot(path);
  if (!octets) return {"no file"};
  Index index(kShape, system_clock());
  restore(index, *octets);
  return ask(index, settings_for("zone."), name, RRType::a);
}

}  // namespace

TEST_CASE("snapshot keeper: nothing is saved before all is known, then every change, and the last one at the end") {
  const Folder folder;
  const std::string path = folder / "s";
  SourceOptions source;
  const StatePtr state = state_of(source, "http://127.0.0.1:1/keeper");
  {
    const auto unsynced = SnapshotKeeper::get(path, source, state, kHaste);
    fill(index_of(state));
  }
  CHECK(inode_of(path) == 0);
  {
    const auto keeper = SnapshotKeeper::get(path, source, state, kHaste);
    CHECK(SnapshotKeeper::get(path, source, state, kHaste) == keeper);
    snapshot_all(index_of(state));
    CHECK(eventually([&] { return inode_of(path) != 0; }));
    index_of(state).apply(service_object("a", "new", {"10.0.0.7"}));
    index_of(state).apply(space_object("a"));
    CHECK(
        eventually([&] { return saved_answer(path, "new.a.svc.zone.") == Lines{"new.a.svc.zone. 5 IN A 10.0.0.7"}; }));
    CHECK(metrics::exposition().find("portolan_kubernetes_snapshot_answering{source=\"127.0.0.1:1\"} 0") !=
          std::string::npos);
    CHECK(metrics::exposition().find("portolan_kubernetes_snapshot_age_seconds{source=\"127.0.0.1:1\"} ") !=
          std::string::npos);
  }
  CHECK(metrics::exposition().find("portolan_kubernetes_snapshot_age_seconds{") == std::string::npos);
  {
    const auto patient = SnapshotKeeper::get(path, source, state, {std::chrono::hours(1), std::chrono::hours(1)});
    const ino_t first = inode_of(path);
    CHECK(eventually([&] { return inode_of(path) != first; }));
    index_of(state).apply(service_object("a", "last", {"10.0.0.8"}));
  }
  CHECK(saved_answer(path, "last.a.svc.zone.") == Lines{"last.a.svc.zone. 5 IN A 10.0.0.8"});
}

TEST_CASE("snapshot keeper: a file that another state got is left to it") {
  const Folder folder;
  const std::string path = folder / "s";
  SourceOptions old_source, new_source;
  const StatePtr old_state = state_of(old_source, "http://127.0.0.1:1/old");
  const StatePtr new_state = state_of(new_source, "http://127.0.0.1:1/new");
  auto old_keeper = SnapshotKeeper::get(path, old_source, old_state, kHaste);
  snapshot_all(index_of(old_state));
  REQUIRE(eventually([&] { return inode_of(path) != 0; }));
  const ino_t first = inode_of(path);
  auto new_keeper = SnapshotKeeper::get(path, new_source, new_state, kHaste);
  index_of(old_state).apply(service_object("a", "s", {"10.0.0.7"}));
  old_keeper.reset();
  CHECK(inode_of(path) == first);
  snapshot_all(index_of(new_state));
  CHECK(eventually([&] { return inode_of(path) != first; }));

  // A reload that fails after that gives the file back.
  old_keeper = SnapshotKeeper::get(path, old_source, old_state, kHaste);
  SnapshotKeeper::get(path, new_source, new_state, kHaste).reset();
  index_of(old_state).apply(service_object("a", "back", {"10.0.0.9"}));
  index_of(old_state).apply(space_object("a"));
  CHECK(
      eventually([&] { return saved_answer(path, "back.a.svc.zone.") == Lines{"back.a.svc.zone. 5 IN A 10.0.0.9"}; }));
}

TEST_CASE("snapshot keeper: a place that cannot be written is one line in the log, then counted, until it can be") {
  const Folder folder;
  const std::string path = folder / "later/s";
  SourceOptions source;
  const StatePtr state = state_of(source, "http://127.0.0.2:1/failing");
  snapshot_all(index_of(state));
  log::LogCapture capture;
  const auto keeper = SnapshotKeeper::get(path, source, state, kHaste);
  const auto failures = [] {
    const std::string text = metrics::exposition();
    const std::string name = "portolan_kubernetes_snapshot_failures_total{source=\"127.0.0.2:1\"} ";
    const size_t at = text.find(name);
    return at == text.npos ? -1 : std::stoi(text.substr(at + name.size()));
  };
  CHECK(eventually([&] { return failures() >= 3; }));
  std::filesystem::create_directory(folder / "later");
  CHECK(eventually([&] { return inode_of(path) != 0; }));
  CHECK(eventually([&] { return !keeper->failing(); }));
  std::string lines;
  CHECK(eventually([&] {
    lines += capture.take();
    return lines.find("[INFO] plugin/kubernetes: snapshot " + path + " is saved again\n") != lines.npos;
  }));
  const std::string wanted = "[WARNING] plugin/kubernetes: snapshot " + path + " cannot be saved: open " + path +
                             ".new: No such file or directory\n";
  const size_t at = lines.find(wanted);
  REQUIRE_MESSAGE(at != lines.npos, lines);
  CHECK(lines.find("cannot be saved", at + wanted.size()) == lines.npos);
}
