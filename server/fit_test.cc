// Which endpoints of an answer stay when not all of them fit.
#include "server/fit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dns/rdata.h"

using namespace portolan;
using dns::MessageParts;
using dns::NameView;
using dns::Record;
using dns::RRClass;
using dns::RRType;

namespace {

// An answer of a headless service: `count` endpoints with host names of different lengths.
struct Service {
  Arena arena;
  dns::Question question;
  dns::Edns edns;
  ArenaVector<Record> answer{arena}, additional{arena};

  Service(std::string_view name, RRType type, bool with_edns = false) {
    question.name = question.lower = dns::parse_name(name, arena).value();
    question.type = type;
    edns.udp_size = 1232;
    has_edns = with_edns;
  }
  void add_addresses(int count) {
    for (int i = 0; i < count; ++i) {
      answer.push_back({question.name, question.type, RRClass::in, 5, octets(question.type, i)});
    }
  }
  // `ports` services and an address of each family per endpoint.
  void add_targets(int count, int ports, std::string_view zone, bool long_names = false) {
    for (int i = 0; i < count; ++i) {
      std::string host = "host-" + std::to_string(i);
      if (long_names && i % 3 == 0) host += "-with-a-rather-long-name";
      const NameView target = dns::parse_name(host + "." + std::string(zone), arena).value();
      for (int port = 0; port < ports; ++port) {
        const auto rdata = arena.bytes(6 + target.size());
        std::fill(rdata.begin(), rdata.end(), uint8_t{0});
        rdata[5] = static_cast<uint8_t>(port);
        std::copy(target.wire().begin(), target.wire().end(), rdata.begin() + 6);
        answer.push_back({question.name, RRType::srv, RRClass::in, 5, rdata});
      }
      for (const RRType type : {RRType::a, RRType::aaaa}) {
        additional.push_back({target, type, RRClass::in, 5, octets(type, i)});
      }
    }
  }
  std::span<const uint8_t> octets(RRType type, int number) {
    const auto address = arena.bytes(type == RRType::a ? 4 : 16);
    std::fill(address.begin(), address.end(), uint8_t{0});
    address[0] = static_cast<uint8_t>(number >> 8);
    address[1] = static_cast<uint8_t>(number);
    return address;
  }
  MessageParts parts() {
    MessageParts whole;
    whole.question = &question;
    whole.answer = answer;
    whole.additional = additional;
    whole.edns = has_edns ? &edns : nullptr;
    return whole;
  }
  bool has_edns = false;
};

struct Encoded {
  size_t size = 0;
  bool truncated = false;
};

Encoded encode(const MessageParts& parts, size_t limit) {
  std::vector<uint8_t> out(65535);
  Encoded result;
  result.size = dns::encode(parts, out, limit, &result.truncated);
  return result;
}

int number_of(const Record& record) { return record.rdata[0] << 8 | record.rdata[1]; }

}  // namespace

TEST_CASE("fit: as many addresses as there is room for, not one less") {
  for (const RRType type : {RRType::a, RRType::aaaa}) {
    for (const size_t limit : {size_t{0}, size_t{512}, size_t{1232}, size_t{4096}}) {
      for (const bool with_edns : {false, true}) {
        CAPTURE(limit);
        Service service("big.prod.svc.cluster.local.", type, with_edns);
        service.add_addresses(300);
        const MessageParts whole = service.parts();
        const auto fitting = server::choose_fitting(whole, limit, true, service.arena);
        REQUIRE(fitting.has_value());
        const Encoded encoded = encode(*fitting, limit);
        CHECK_FALSE(encoded.truncated);
        const size_t room = std::max<size_t>(limit, 512);
        const size_t record = type == RRType::a ? 16 : 28;
        CHECK(encoded.size <= room);
        CHECK(encoded.size + record > room);
      }
    }
  }
}

TEST_CASE("fit: every address has the same chance, and none comes twice") {
  Service service("big.prod.svc.cluster.local.", RRType::a);
  service.add_addresses(100);
  std::map<int, int> chosen;
  constexpr int kRounds = 5760;
  size_t count = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto fitting = server::choose_fitting(service.parts(), 512, true, service.arena);
    REQUIRE(fitting.has_value());
    count = fitting->answer.size();
    std::set<int> these;
    for (const Record& record : fitting->answer) these.insert(number_of(record));
    CHECK(these.size() == count);
    for (const int each : these) ++chosen[each];
  }
  // Binomial: six standard deviations around the mean leave one run in ten million of these hundred counts outside.
  const double chance = static_cast<double>(count) / 100;
  const double mean = kRounds * chance;
  const double margin = 6 * std::sqrt(kRounds * chance * (1 - chance));
  CHECK(chosen.size() == 100);
  for (const auto& [number, times] : chosen) {
    CAPTURE(number);
    CHECK(times > mean - margin);
    CHECK(times < mean + margin);
  }
}

TEST_CASE("fit: an endpoint keeps all its services and addresses, or none, whatever the length of its name") {
  for (const bool long_names : {false, true}) {
    Service service("_pg._tcp.db.media.svc.cluster.local.", RRType::srv, true);
    service.add_targets(90, 2, "db.media.svc.cluster.local", long_names);
    std::map<std::string, int> times;
    constexpr int kRounds = 4320;
    size_t endpoints = 0;
    for (int round = 0; round < kRounds; ++round) {
      const auto fitting = server::choose_fitting(service.parts(), 1232, true, service.arena);
      REQUIRE(fitting.has_value());
      if (round == 0) {
        const Encoded encoded = encode(*fitting, 1232);
        CHECK_FALSE(encoded.truncated);
        CHECK(encoded.size <= 1232);
      }
      std::map<std::string, int> services, addresses;
      for (const Record& record : fitting->answer) {
        ++services[NameView(record.rdata.data() + 6, static_cast<uint8_t>(record.rdata.size() - 6)).text()];
      }
      for (const Record& record : fitting->additional) ++addresses[record.owner.text()];
      endpoints = services.size();
      CHECK(addresses.size() == endpoints);
      for (const auto& [name, count] : services) {
        CHECK(count == 2);
        CHECK(addresses[name] == 2);
        ++times[name];
      }
    }
    CHECK(endpoints == (long_names ? 5 : 7));  // 200 or 152 octets each, of 1168
    CHECK(times.size() == 90);
    const double chance = static_cast<double>(endpoints) / 90;
    const double margin = 6 * std::sqrt(kRounds * chance * (1 - chance));
    for (const auto& [name, count] : times) {
      CAPTURE(name);
      CHECK(count > kRounds * chance - margin);
      CHECK(count < kRounds * chance + margin);
    }
  }
}

TEST_CASE("fit: for endpoints of equal size there is no room left for one more") {
  Service service("db.media.svc.cluster.local.", RRType::srv, true);
  service.add_targets(100, 1, "db.media.svc.cluster.local");
  // Ten hosts have one digit: with the others' cost the room may be one octet an endpoint short of full.
  const auto fitting = server::choose_fitting(service.parts(), 1232, true, service.arena);
  REQUIRE(fitting.has_value());
  const Encoded encoded = encode(*fitting, 1232);
  CHECK_FALSE(encoded.truncated);
  const size_t one = (2 + 10 + 6 + 9 + 27) + (2 + 10 + 4) + (2 + 10 + 16);
  CHECK(encoded.size + fitting->answer.size() + one > 1232);
}

TEST_CASE("fit: beyond the reach of pointers it counts on none") {
  Service service("db.media.svc.cluster.local.", RRType::srv, true);
  service.add_targets(1200, 1, "db.media.svc.cluster.local");
  const auto hopeful = server::choose_fitting(service.parts(), 60000, true, service.arena);
  REQUIRE(hopeful.has_value());
  CHECK(encode(*hopeful, 60000).truncated);
  const auto safe = server::choose_fitting(service.parts(), 60000, false, service.arena);
  REQUIRE(safe.has_value());
  CHECK_FALSE(encode(*safe, 60000).truncated);
  CHECK(safe->answer.size() > 300);
}

TEST_CASE("fit: what is no endpoint stays, and an answer without a choice is left alone") {
  Service service("alias.prod.svc.cluster.local.", RRType::a);
  const NameView target = dns::parse_name("big.prod.svc.cluster.local", service.arena).value();
  service.answer.push_back({service.question.name, RRType::cname, RRClass::in, 5, target.wire()});
  for (int i = 0; i < 100; ++i) {
    service.answer.push_back({target, RRType::a, RRClass::in, 5, service.octets(RRType::a, i)});
  }
  const auto fitting = server::choose_fitting(service.parts(), 512, true, service.arena);
  REQUIRE(fitting.has_value());
  CHECK(fitting->answer.front().type == RRType::cname);
  CHECK(fitting->answer.size() > 20);
  CHECK_FALSE(encode(*fitting, 512).truncated);

  Service text("x.test.", RRType::txt);
  CHECK_FALSE(server::choose_fitting(text.parts(), 512, true, text.arena).has_value());
  Service one("x.test.", RRType::a);
  one.add_addresses(1);
  CHECK_FALSE(server::choose_fitting(one.parts(), 512, true, one.arena).has_value());
}
