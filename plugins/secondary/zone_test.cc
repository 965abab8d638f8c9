// A secondary's zone: follows its primaries, outlives them for a while, and what hostile primaries cannot do.
#include "plugins/secondary/zone.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/log_capture.h"
#include "base/temporary_folder.h"
#include "plugins/secondary/fake_primary_test.h"

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;
using Answer = FakePrimary::Answer;

const std::string kZone = "alder.test.";
const Lines kOne = {"@ 60 IN NS ns", "www 60 IN A 192.0.2.1"};
const Lines kTwo = {"@ 60 IN NS ns", "www 60 IN A 192.0.2.2"};

// A zone, its primaries and its clock.
struct Setting {
  explicit Setting(size_t count = 1, std::string store = {}) {
    while (primaries.size() < count) primaries.push_back(std::make_unique<FakePrimary>(loop, kZone));
    for (const auto& each : primaries) each->set(1, kOne);
    make(std::move(store));
  }
  ~Setting() {
    if (zone) zone->stop(this);
  }
  void make(std::string store = {}, bool zonemd = false) {
    if (zone) zone->stop(this);
    SecondaryZone::Source source;
    for (const auto& each : primaries) source.primaries.push_back(each->address());
    source.store = std::move(store);
    source.zonemd = zonemd;
    zone = std::make_shared<SecondaryZone>(*dns::Name::parse(kZone), std::move(source),
                                           SecondaryZone::Surroundings{loop, clock, slots, times});
  }
  void start() {
    zone->start(this, {.accepts = {}, .changed = [this] { ++changes; }});
  }
  bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.run_once(2ms);
    }
    return true;
  }
  // Starts, or moves the clock and lets happen what is due, until nobody is being asked.
  void settle(std::chrono::nanoseconds by = 0ns) {
    clock.advance(by);
    zone->wake();
    CHECK(until([this] { return !zone->asking(); }));
  }
  void started() {
    start();
    CHECK(until([this] { return !zone->asking(); }));
  }
  // The serial that is served and www's address; "none" while nothing is.
  std::string served() {
    const rcu::ReadGuard guard;
    const zones::ZoneTree* tree = zone->tree();
    if (!tree) return "none";
    const auto* node = tree->find(*dns::Name::parse("www.alder.test."));
    const auto* set = node ? tree->rrset(*node, dns::RRType::a) : nullptr;
    const std::string address = set ? dns::rdata_text(set->type, tree->record(*set, 0).rdata) : "nothing";
    return std::to_string(tree->serial()) + " " + address;
  }
  FakePrimary& primary(size_t index = 0) { return *primaries[index]; }

  Loop loop;
  FakeClock clock;
  std::shared_ptr<Slots> slots = std::make_shared<Slots>(loop, 2);
  Times times{200ms, 1s, 500ms, 10s};
  std::vector<std::unique_ptr<FakePrimary>> primaries;
  std::shared_ptr<SecondaryZone> zone;
  int changes = 0;
};

constexpr auto kRefresh = 3605s;  // 3600 and the most jitter
constexpr auto kRetry = 602s;

TEST_CASE(
    "secondary: the zone is fetched at start and looked at after REFRESH, over UDP, and fetched when it is newer") {
  Setting setting;
  CHECK(setting.served() == "none");
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(setting.changes == 1);
  CHECK(setting.primary().asked == Lines{"AXFR tcp"});
  setting.settle(3599s);
  CHECK(setting.primary().asked.size() == 1);
  setting.settle(6s);
  CHECK(setting.primary().asked == Lines{"AXFR tcp", "SOA udp"});
  CHECK(setting.changes == 1);
  setting.primary().set(2, kTwo);
  setting.settle(kRefresh);
  CHECK(setting.primary().asked == Lines{"AXFR tcp", "SOA udp", "SOA udp", "IXFR 1 tcp"});
  CHECK(setting.served() == "2 192.0.2.2");
  CHECK(setting.changes == 2);
}

TEST_CASE("secondary: changes are taken instead of the zone where the primary has them") {
  log::LogCapture captured;
  Setting setting;
  setting.primary().instead = [&](const std::string& asked, Answer& answer) {
    FakePrimary& primary = setting.primary();
    answer.messages = {{primary.soa(2), primary.soa(1), "www 60 IN A 192.0.2.1", primary.soa(2)},
                       {"www 60 IN A 192.0.2.22", primary.soa(2)}};
    return asked == "IXFR 1 tcp";
  };
  setting.started();
  setting.primary().set(2, kTwo);
  setting.settle(kRefresh);
  CHECK(setting.served() == "2 192.0.2.22");
  CHECK(captured.take().find("Transferred: alder.test. from " + setting.primary().text() +
                             ", changes, 6 records, serial 2") != std::string::npos);
}

TEST_CASE("secondary: where changes are refused or wrong the whole zone is asked for, from the same primary") {
  for (const int way : {0, 1, 2}) {
    CAPTURE(way);
    Setting setting;
    FakePrimary& primary = setting.primary();
    primary.instead = [&](const std::string& asked, Answer& answer) {
      if (way == 0) answer = {.messages = {{}}, .rcode = 4};  // NOTIMP
      if (way == 1) answer.messages = {{primary.soa(2), primary.soa(1), "no 60 IN A 192.0.2.1", primary.soa(2)}};
      if (way == 2) answer.then_close = true;
      return asked == "IXFR 1 tcp";
    };
    setting.started();
    primary.set(2, kTwo);
    setting.settle(kRefresh);
    CHECK(setting.served() == "2 192.0.2.2");
    CHECK(primary.asked.back() == "AXFR tcp");
  }
}

TEST_CASE("secondary: a primary that is killed in the middle of a transfer leaves the old version, and one line") {
  log::LogCapture captured;
  Setting setting;
  FakePrimary& primary = setting.primary();
  setting.started();
  captured.take();
  primary.set(2, kTwo);
  primary.instead = [&](const std::string& asked, Answer& answer) {
    answer.messages = {{primary.soa(2), kTwo[0], kTwo[1]}};
    answer.then_close = true;
    return asked != "SOA udp";
  };
  setting.settle(kRefresh);
  CHECK(setting.served() == "1 192.0.2.1");
  const std::string said = captured.take();
  CHECK(
      said.find("[WARNING] plugin/secondary: All 'alder.test.' masters failed to transfer, serial 1 stays: read tcp " +
                primary.text() + ": the primary has closed the connection after 3 records\n") != std::string::npos);
  CHECK(said.find("[ERROR]") == std::string::npos);
  primary.instead = nullptr;
  setting.settle(598s);
  CHECK(setting.served() == "1 192.0.2.1");
  setting.settle(4s);  // RETRY has passed
  CHECK(setting.served() == "2 192.0.2.2");
}

TEST_CASE("secondary: without a primary at start it is tried again after 250 ms, then more seldom") {
  log::LogCapture captured;
  Setting setting;
  setting.primary().deaf();
  setting.started();
  CHECK(setting.served() == "none");
  CHECK(captured.take() ==
        "[WARNING] plugin/secondary: All 'alder.test.' masters failed to transfer, retrying in "
        "250ms: dial tcp " +
            setting.primary().text() + ": connect: connection refused\n");
  setting.settle(250ms);
  CHECK(captured.take().find("retrying in 500ms: ") != std::string::npos);
  setting.primary().listen();
  setting.settle(499ms);
  CHECK(setting.served() == "none");
  setting.settle(1ms);
  CHECK(setting.served() == "1 192.0.2.1");
}

TEST_CASE("secondary: primaries are asked in turn until one answers") {
  Setting setting(3);
  setting.primary(0).deaf();
  setting.primary(1).instead = [](const std::string&, Answer& answer) {
    answer = {.messages = {{}}, .rcode = 5};
    return true;
  };
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(setting.primary(1).asked == Lines{"AXFR tcp"});
  CHECK(setting.primary(2).asked == Lines{"AXFR tcp"});
  setting.primary(2).set(2, kTwo);
  setting.settle(kRefresh);
  CHECK(setting.served() == "2 192.0.2.2");
  setting.primary(0).set(3, kOne);
  setting.primary(0).listen();
  setting.settle(kRefresh);
  CHECK(setting.served() == "3 192.0.2.1");
}

TEST_CASE(
    "secondary: the primary that tells of a change is asked at once, and first; a flood of NOTIFY costs a look a "
    "second") {
  Setting setting(2);
  setting.started();
  setting.primary(1).set(2, kTwo);
  setting.primaries[0]->asked.clear();
  setting.clock.advance(2s);
  // Both have the same address, so that the first is asked first.
  setting.zone->notified(setting.primary(1).address().ip);
  CHECK(setting.until([&] { return !setting.primary(0).asked.empty() && !setting.zone->asking(); }));
  CHECK(setting.primary(0).asked == Lines{"SOA udp"});
  setting.primary(0).set(3, kTwo);
  for (int i = 0; i < 50; ++i) {
    setting.zone->notified(setting.primary(0).address().ip);
    setting.loop.run_once(0ms);
  }
  CHECK(!setting.until([&] { return setting.primary(0).asked.size() > 1; }, 20ms));
  setting.settle(1s);
  CHECK(setting.primary(0).asked == Lines{"SOA udp", "SOA udp", "IXFR 1 tcp"});
  CHECK(setting.served() == "3 192.0.2.2");
}

TEST_CASE("secondary: NOTIFY while the primaries are asked makes them be asked again") {
  Setting setting;
  bool told = false;
  setting.primary().instead = [&](const std::string&, Answer&) {
    if (!std::exchange(told, true)) setting.zone->notified(setting.primary().address().ip);
    return false;
  };
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  setting.primary().set(2, kTwo);
  CHECK(setting.until([&] { return setting.primary().asked.size() == 1; }));
  setting.settle(1s);
  CHECK(setting.served() == "2 192.0.2.2");
}

TEST_CASE("secondary: only addresses of primaries may tell of changes") {
  Setting setting;
  CHECK(setting.zone->is_primary(*IpAddress::parse("127.0.0.1")));
  CHECK(setting.zone->is_primary(*IpAddress::parse("::ffff:127.0.0.1")));
  CHECK(!setting.zone->is_primary(*IpAddress::parse("127.0.0.2")));
}

TEST_CASE("secondary: a zone whose primaries stay away expires, and is served again when one is back") {
  log::LogCapture captured;
  Setting setting;
  setting.started();
  setting.primary().deaf();
  setting.settle(86399s);
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(!setting.zone->expired());
  captured.take();
  setting.settle(1s);
  CHECK(setting.served() == "none");
  CHECK(setting.zone->expired());
  CHECK(captured.take().find("[ERROR] plugin/secondary: Zone alder.test. is expired\n") != std::string::npos);
  setting.primary().listen();
  setting.settle(kRetry);
  CHECK(setting.served() == "1 192.0.2.1");  // the same serial as before: nothing is transferred
  CHECK(!setting.zone->expired());
  CHECK(setting.primary().asked.back() == "SOA udp");
}

TEST_CASE("secondary: a zone that is confirmed does not expire") {
  Setting setting;
  setting.started();
  for (int i = 0; i < 100; ++i) setting.settle(kRefresh);
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(setting.primary().asked.size() == 101);
}

TEST_CASE("secondary: a serial that goes back is not followed, one that goes round is (RFC 1982)") {
  log::LogCapture captured;
  Setting setting;
  setting.primary().set(0xffff'ffff, kOne);
  setting.started();
  setting.primary().set(0x8000'0001, kTwo);
  setting.settle(kRefresh);
  CHECK(setting.served() == "4294967295 192.0.2.1");
  CHECK(captured.take().find("Serial 2147483649 of alder.test. at " + setting.primary().text() +
                             " is behind ours, 4294967295, which stays") != std::string::npos);
  setting.primary().set(3, kTwo);
  setting.settle(kRefresh);
  CHECK(setting.served() == "3 192.0.2.2");
}

TEST_CASE("secondary: a zone that has expired gives way to an older serial: there is nothing to keep") {
  Setting setting;
  setting.primary().set(7, kOne);
  setting.started();
  setting.primary().deaf();
  setting.settle(86400s);
  CHECK(setting.served() == "none");
  setting.primary().listen();
  setting.primary().set(2, kTwo);
  setting.settle(kRetry);
  CHECK(setting.served() == "2 192.0.2.2");
  CHECK(setting.primary().asked.back() == "AXFR tcp");
}

TEST_CASE("secondary: a zone that is older than the SOA answer said, and than ours, is not taken") {
  Setting setting;
  setting.primary().set(5, kOne);
  setting.started();
  setting.primary().set(4, kTwo);
  setting.primary().instead = [&](const std::string& asked, Answer& answer) {
    answer.messages = {{setting.primary().soa(6)}};
    if (asked == "IXFR 5 tcp") answer = {.messages = {{}}, .rcode = 4};
    return asked != "AXFR tcp";
  };
  setting.settle(kRefresh);
  CHECK(setting.primary().asked == Lines{"AXFR tcp", "SOA udp", "IXFR 5 tcp", "AXFR tcp"});
  CHECK(setting.served() == "5 192.0.2.1");
}

TEST_CASE("secondary: a UDP answer that is forged, cut, refused or missing is asked for over TCP") {
  const struct {
    Answer udp;
    Lines expected;
  } cases[] = {
      {{}, {"SOA udp", "SOA udp", "SOA tcp"}},  // none: asked twice
      {{.messages = {{"@ 60 IN SOA ns h 9 1 1 1 1"}}, .wrong_ids = 1}, {"SOA udp", "SOA udp", "SOA tcp"}},
      {{.raw = {0, 0, 0x80}}, {"SOA udp", "SOA udp", "SOA tcp"}},  // malformed
      {{.messages = {{}}, .truncated = true}, {"SOA udp", "SOA tcp"}},
      {{.messages = {{}}, .rcode = 5}, {"SOA udp", "SOA tcp"}},  // as Knot DNS does for catalogs
  };
  for (const auto& c : cases) {
    Setting setting;
    setting.started();
    setting.primary().asked.clear();
    setting.primary().set(2, kTwo);
    setting.primary().instead = [&](const std::string& asked, Answer& answer) {
      answer = c.udp;
      return asked == "SOA udp";
    };
    setting.settle(kRefresh);
    Lines expected = c.expected;
    expected.push_back("IXFR 1 tcp");
    CHECK(setting.primary().asked == expected);
    CHECK(setting.served() == "2 192.0.2.2");
  }
}

TEST_CASE("secondary: answers that are none do not harm, and the log says what is wrong") {
  const struct {
    Answer answer;
    const char* said;
  } cases[] = {
      {{.messages = {{}}, .rcode = 5}, "rcode was REFUSED"},
      {{.messages = {{}}}, "message without records"},
      {{.messages = {{"@ 60 IN SOA ns h 1 1 1 1 1"}}, .wrong_ids = 1}, "answer to another question after 0 records"},
      {{.messages = {{"www 60 IN A 192.0.2.1"}}}, "in front of the first SOA record"},
      {{.messages = {{"@ 60 IN SOA ns h 1 1 1 1 1"}}}, "i/o timeout after 1 records"},
      {{.raw = std::vector<uint8_t>(100, 0xff)}, "malformed message"},
      {{}, "i/o timeout after 0 records"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.said);
    log::LogCapture captured;
    Setting setting;
    setting.primary().instead = [&](const std::string&, Answer& answer) {
      answer = c.answer;
      return true;
    };
    setting.started();
    CHECK(setting.served() == "none");
    const std::string said = captured.take();
    CAPTURE(said);
    CHECK(said.find(c.said) != std::string::npos);
    CHECK(std::count(said.begin(), said.end(), '\n') == 1);
  }
}

TEST_CASE("secondary: with zonemd a version whose digest does not fit is not taken (RFC 8976)") {
  log::LogCapture captured;
  Setting setting;
  setting.make({}, true);
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  captured.take();
  Lines lines = kTwo;
  lines.push_back("@ 60 IN ZONEMD 2 1 1 " + std::string(96, '0'));
  setting.primary().set(2, lines);
  setting.settle(kRefresh);
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(captured.take().find("serial 1 stays: " + setting.primary().text() +
                             ": ZONEMD of alder.test. does not fit serial 2: the zone has another digest") !=
        std::string::npos);
}

const Lines kBadDigest = {"@ 60 IN NS ns", "www 60 IN A 192.0.2.1", "@ 60 IN ZONEMD 1 1 1 " + std::string(96, '0')};

TEST_CASE("secondary: with zonemd what was served before a reload is looked at too, and left out") {
  log::LogCapture captured;
  Setting setting;
  setting.primary().set(1, kBadDigest);
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  const std::shared_ptr<SecondaryZone> before = setting.zone;
  captured.take();
  setting.make({}, true);
  setting.zone->inherit(*before);
  CHECK(setting.served() == "none");
  CHECK(captured.take() ==
        "[WARNING] plugin/secondary: What was served of alder.test. is not taken over: ZONEMD of alder.test. does not "
        "fit serial 1: the zone has another digest\n");
  setting.make();
  setting.zone->inherit(*before);
  CHECK(setting.served() == "1 192.0.2.1");
}

TEST_CASE("secondary: a scrape sees serial and expiry of each zone that there is, and how transfers ended") {
  const auto value = [](const std::string& name) {
    const std::string text = "\n" + metrics::exposition();
    const auto at = text.find("\n" + name + " ");
    return at == text.npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  };
  const std::string zone = "{zone=\"alder.test.\"}", transfers = "portolan_secondary_transfers_total{result=\"";
  const std::string serial = "portolan_secondary_zone_serial" + zone;
  const std::string expiry = "portolan_secondary_zone_expiry_timestamp_seconds" + zone;
  const double whole = std::max(value(transfers + "whole\"}"), 0.0),
               failed = std::max(value(transfers + "failed\"}"), 0.0);
  {
    Setting setting;
    setting.started();
    CHECK(value(serial) == 1);
    CHECK(value(expiry) == 1'700'000'000 + 86400);
    CHECK(value(transfers + "whole\"}") == whole + 1);
    setting.settle(kRefresh);
    CHECK(value(expiry) == 1'700'000'000 + 3605 + 86400);
    setting.primary().set(2, kTwo);
    setting.primary().instead = [](const std::string& asked, Answer& answer) {
      answer = {.messages = {{}}, .rcode = 5};
      return asked != "SOA udp";
    };
    setting.settle(kRefresh);
    CHECK(value(transfers + "failed\"}") == failed + 1);
    CHECK(value(serial) == 1);
    const auto second = std::make_unique<Setting>();
    second->started();
    // Timers as long as can be: longer than the wall's clock can tell.
    second->primary().soa_timers = "4294967295 4294967295 4294967295 30";
    second->primary().set(2, kTwo);
    second->settle(kRefresh);
    CHECK(second->served() == "2 192.0.2.2");
    CHECK(value(expiry) > 9e9);
  }
  CHECK(value(serial) == -1);
  CHECK(value(expiry) == -1);
}

TEST_CASE("secondary: stopping in the middle of a transfer lets go of everything") {
  Setting setting;
  setting.primary().instead = [&](const std::string&, Answer& answer) {
    answer.messages = {{setting.primary().soa(1)}};
    return true;
  };
  setting.start();
  CHECK(setting.until([&] { return !setting.primary().asked.empty(); }));
  setting.zone->stop(&setting);
  CHECK(!setting.zone->asking());
  setting.zone->notified(setting.primary().address().ip);
  CHECK(!setting.until([&] { return setting.zone->asking(); }, 20ms));
}

TEST_CASE("secondary: only so many transfers are under way; the next begins when one has ended, or is given up") {
  Setting setting;
  setting.slots = std::make_shared<Slots>(setting.loop, 1);
  setting.make();
  setting.primary().instead = [&](const std::string&, Answer& answer) {
    answer.messages = {{setting.primary().soa(1)}};
    return setting.primary().asked.size() == 1;
  };
  setting.start();
  CHECK(setting.until([&] { return setting.primary().asked.size() == 1; }));
  std::shared_ptr<SecondaryZone> others[2];
  for (auto& other : others) {
    other = std::make_shared<SecondaryZone>(
        *dns::Name::parse(kZone), setting.zone->source(),
        SecondaryZone::Surroundings{setting.loop, setting.clock, setting.slots, setting.times});
    other->start(&setting, {});
  }
  CHECK(!setting.until([&] { return setting.primary().asked.size() > 1; }, 20ms));
  others[0]->stop(&setting);  // while it waits
  setting.zone->stop(&setting);
  CHECK(setting.until([&] { return setting.primary().asked.size() == 2 && !others[1]->asking(); }));
  const rcu::ReadGuard guard;
  CHECK(others[1]->tree() != nullptr);
  others[1]->stop(&setting);
}

using Folder = TemporaryFolder;

TEST_CASE("secondary: with a copy on disk a start without primaries serves until it expires") {
  Folder folder;
  {
    Setting setting(1, folder.path());
    setting.started();
  }
  Setting setting(1, folder.path());
  setting.primary().deaf();
  setting.clock.advance(86400s - 10s);
  setting.zone->read_copy();
  CHECK(setting.served() == "1 192.0.2.1");
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  setting.settle(10s);
  CHECK(setting.served() == "none");
  CHECK(setting.zone->expired());

  Setting late(1, folder.path());
  late.clock.advance(86400s);
  late.zone->read_copy();
  CHECK(late.served() == "none");
  CHECK(late.zone->expired());
  late.started();  // the primary is there, and has the same serial
  CHECK(late.served() == "1 192.0.2.1");
  CHECK(late.primary().asked == Lines{"SOA udp"});
}

TEST_CASE("secondary: with zonemd a copy on disk whose digest does not fit is not served") {
  log::LogCapture captured;
  Folder folder;
  {
    Setting setting(1, folder.path());
    setting.primary().set(1, kBadDigest);
    setting.started();
  }
  captured.take();
  Setting setting;
  setting.make(folder.path(), true);
  setting.zone->read_copy();
  CHECK(setting.served() == "none");
  CHECK(captured.take() ==
        "[WARNING] plugin/secondary: The copy of alder.test. is of no use: ZONEMD of alder.test. does not fit serial "
        "1: the zone has another digest\n");
  setting.make(folder.path());
  setting.zone->read_copy();
  CHECK(setting.served() == "1 192.0.2.1");
}

TEST_CASE("secondary: what is confirmed or new is confirmed or new on disk too") {
  Folder folder;
  Setting setting(1, folder.path());
  setting.started();
  setting.settle(kRefresh);
  setting.primary().set(2, kTwo);
  setting.settle(kRefresh);
  const ZoneStore store(folder.path());
  const auto origin = *dns::Name::parse(kZone);
  auto kept = store.read(origin, setting.clock.wall());
  REQUIRE((kept.has_value() && kept->has_value()));
  CHECK((*kept)->tree->serial() == 2);
  CHECK((*kept)->age == 0s);
  setting.settle(kRefresh);
  kept = store.read(origin, setting.clock.wall() + 5s);
  REQUIRE((kept.has_value() && kept->has_value()));
  CHECK((*kept)->age == 5s);
  std::filesystem::remove(store.path(origin));
  setting.settle(kRefresh);
  CHECK(std::filesystem::exists(store.path(origin)));
}

TEST_CASE("secondary: a copy that is broken or cannot be written is complained about, and the zone is fetched") {
  log::LogCapture captured;
  Folder folder;
  const ZoneStore store(folder.path());
  const auto origin = *dns::Name::parse(kZone);
  std::ofstream(store.path(origin)) << "x";
  Setting setting(1, folder.path());
  setting.zone->read_copy();
  CHECK(captured.take().find("The copy of alder.test. is of no use: read " + store.path(origin) + ": it ends early") !=
        std::string::npos);
  std::filesystem::remove_all(folder.path());
  setting.started();
  CHECK(setting.served() == "1 192.0.2.1");
  CHECK(captured.take().find("No copy of alder.test. is kept: open ") != std::string::npos);
}

}  // namespace
}  // namespace portolan::secondary
