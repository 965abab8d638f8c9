// Requests to a primary that has a key, and what becomes of its answers (RFC 8945).
#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "plugins/common/fake_tsig_keys_test.h"
#include "plugins/secondary/fake_primary_test.h"
#include "plugins/secondary/secondary.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin secondary_plugin;
}

namespace portolan::secondary {
namespace {

using testing::PluginFixture;

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;
using Octets = std::vector<uint8_t>;
using dns::TsigError;

const std::string kZone = "alder.test.";

dns::TsigKey key(const std::string& name = "transfer.test.", const std::string& secret = "0123456789abcdef") {
  return {*dns::Name::parse(name), dns::TsigAlgorithm::sha512, secret};
}

// Signs what a primary answers. Whether the requests were signed is checked with each.
struct Signer {
  dns::TsigKey with = key();
  std::chrono::seconds off{0};        // of its clock
  unsigned unsigned_between = 0;      // messages between two signatures
  bool first = true, last = true;     // whether these are signed
  TsigError error = TsigError::none;  // says so instead of an answer
  unsigned good_requests = 0;
  const Clock* clock = nullptr;

  void operator()(const Octets& question, std::vector<Octets>& messages) {
    Arena arena;
    dns::ParsedMessage asked;
    dns::Tsig tsig;
    REQUIRE(dns::parse_message(question, arena, asked));
    REQUIRE(asked.tsig_offset != 0);
    REQUIRE(dns::read_tsig(question, asked.tsig_offset, arena, tsig));
    const auto now = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(clock->wall().time_since_epoch() + off).count());
    good_requests += tsig.key.equals(key().name) && dns::verify_tsig(question, asked.tsig_offset, tsig, key().secret,
                                                                     {}, tsig.time) == TsigError::none;
    tsig.key = with.name;
    tsig.time = now;
    std::optional<std::string_view> secret = with.secret;
    if (error != TsigError::none) {
      messages.resize(1);
      messages[0].resize(12 + 12 + 4);  // header and question
      messages[0][3] = 9;
      messages[0][6] = messages[0][7] = messages[0][8] = messages[0][9] = 0;
      tsig.error = error;
      if (error != TsigError::bad_time) secret.reset();
    }
    Octets before(tsig.mac.begin(), tsig.mac.end()), between;
    unsigned since = unsigned_between;
    bool timers_only = false;
    for (size_t i = 0; i < messages.size(); ++i) {
      const bool is_last = i + 1 == messages.size();
      const bool is_signed = i == 0 ? first : is_last ? last : since == unsigned_between;
      if (!is_signed) {
        between.insert(between.end(), messages[i].begin(), messages[i].end());
        ++since;
        continue;
      }
      const auto octets = dns::sign_tsig(messages[i], tsig, secret, {before, timers_only, between}, arena);
      messages[i].assign(octets.begin(), octets.end());
      before.assign(tsig.mac.begin(), tsig.mac.end());
      between.clear();
      timers_only = true;
      since = 0;
    }
  }
};

// A zone with two primaries on loopback, both with the key.
struct Setting {
  Setting() {
    for (size_t i = 0; i < 2; ++i) {
      signers[i].clock = &clock;
      primaries[i].set(1, {"@ 60 IN NS ns", "www 60 IN A 192.0.2.1"});
      primaries[i].finish = [this, i](const Octets& question, std::vector<Octets>& messages) {
        signers[i](question, messages);
      };
      source.primaries.emplace_back(primaries[i].address(), std::make_shared<const dns::TsigKey>(key()));
    }
    zone = std::make_shared<SecondaryZone>(*dns::Name::parse(kZone), source,
                                           SecondaryZone::Surroundings{loop, clock, slots, {200ms, 1s, 500ms, 10s}});
  }
  ~Setting() { zone->stop(this); }
  void settle(std::chrono::nanoseconds by = 0ns) {
    clock.advance(by);
    zone->start(this, {});
    zone->wake();
    const SteadyTime end = system_clock().now() + 10s;
    while (zone->asking() && system_clock().now() < end) loop.run_once(2ms);
    CHECK(!zone->asking());
  }
  // The serial that is served; 0: nothing is.
  uint32_t served() const {
    const rcu::ReadGuard guard;
    const zones::ZoneTree* tree = zone->tree();
    return tree ? tree->serial() : 0;
  }
  // The first primary's answers to transfers have this many messages.
  void answer_in(size_t count) {
    primaries[0].instead = [this, count](const std::string& asked, FakePrimary::Answer& answer) {
      if (asked.starts_with("SOA")) return false;
      const std::string soa = primaries[0].soa(primaries[0].serial);
      answer.messages = {{soa}};
      while (answer.messages.size() + 1 < count) {
        answer.messages.push_back({"h" + std::to_string(answer.messages.size()) + " 60 IN A 192.0.2.1"});
      }
      answer.messages.push_back({soa});
      return true;
    };
  }
  std::string first() { return primaries[0].text(); }

  Loop loop;
  FakeClock clock;
  std::shared_ptr<Slots> slots = std::make_shared<Slots>(loop, 2);
  Signer signers[2];
  FakePrimary primaries[2] = {{loop, kZone}, {loop, kZone}};
  SecondaryZone::Source source;
  std::shared_ptr<SecondaryZone> zone;
};

constexpr auto kRefresh = 3605s;

TEST_CASE("secondary: with a key SOA, AXFR and IXFR questions are signed, and signed answers are taken") {
  log::LogCapture captured;
  Setting setting;
  setting.settle();
  CHECK(setting.served() == 1);
  CHECK(setting.signers[0].good_requests == 1);
  setting.primaries[0].serial = 2;
  setting.settle(kRefresh);
  CHECK(setting.served() == 2);
  CHECK(setting.primaries[0].asked == Lines{"AXFR tcp", "SOA udp", "IXFR 1 tcp"});
  CHECK(setting.signers[0].good_requests == 3);
  CHECK(setting.primaries[1].asked.empty());
  CHECK(captured.take().find("WARNING") == std::string::npos);
}

TEST_CASE("secondary: with a key messages of a transfer may lack a signature, but the first and last, and 99 at most") {
  for (const size_t between : {0, 1, 2, 98, 99}) {
    CAPTURE(between);
    log::LogCapture captured;
    Setting setting;
    setting.signers[0].unsigned_between = static_cast<unsigned>(between);
    setting.answer_in(204);
    setting.settle();
    CHECK(setting.served() == 1);
    CHECK(setting.primaries[1].asked.empty());
    CHECK(captured.take().find("WARNING") == std::string::npos);
  }
}

TEST_CASE("secondary: an answer that is not signed as it must be is not taken, and the next primary is asked") {
  const struct {
    const char* what;
    std::function<void(Signer&)> spoil;
    const char* error;
  } cases[] = {
      {"no signature", [](Signer& signer) { signer.first = signer.last = false, signer.unsigned_between = 1000; },
       "the answer is not signed after 0 records"},
      {"no signature in front", [](Signer& signer) { signer.first = false; },
       "the answer is not signed after 0 records"},
      {"no signature at the end", [](Signer& signer) { signer.last = false; },
       "the last message is not signed after 101 records"},
      {"a hundred without", [](Signer& signer) { signer.unsigned_between = 100; },
       "more than 99 messages without a signature after 100 records"},
      {"another key", [](Signer& signer) { signer.with.name = *dns::Name::parse("other.test."); },
       "BADKEY: the answer is signed with key \"other.test.\" and hmac-sha512., not with key \"transfer.test.\" and "
       "hmac-sha512. after 0 records"},
      {"another secret", [](Signer& signer) { signer.with.secret = "another"; },
       "BADSIG: the answer's signature does not fit key \"transfer.test.\" after 0 records"},
      {"a time too late", [](Signer& signer) { signer.off = 301s; },
       "BADTIME: the answer was signed with key \"transfer.test.\" 301 s off our time, more than the 300 s that are "
       "allowed after 0 records"},
      {"a time too early", [](Signer& signer) { signer.off = -301s; },
       "BADTIME: the answer was signed with key \"transfer.test.\" 301 s off our time, more than the 300 s that are "
       "allowed after 0 records"},
      {"BADKEY", [](Signer& signer) { signer.error = TsigError::bad_key; },
       "it answers BADKEY: it has no key \"transfer.test.\" for hmac-sha512. after 0 records"},
      {"BADSIG", [](Signer& signer) { signer.error = TsigError::bad_signature; },
       "it answers BADSIG: its secret of key \"transfer.test.\" is another after 0 records"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    log::LogCapture captured;
    Setting setting;
    setting.answer_in(102);
    each.spoil(setting.signers[0]);
    setting.settle();
    CHECK(setting.served() == 1);
    CHECK(setting.primaries[0].asked == Lines{"AXFR tcp"});
    CHECK(setting.primaries[1].asked == Lines{"AXFR tcp"});
    const std::string logged = captured.take();
    CHECK(logged.find("[WARNING] plugin/secondary: Some primaries of alder.test. do not answer: " + setting.first() +
                      ": " + each.error + "\n") != std::string::npos);
    CHECK(logged.find("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("secondary: a serial that is not signed is not believed, over UDP and TCP") {
  log::LogCapture captured;
  Setting setting;
  setting.settle();
  setting.signers[0].with.secret = "another";
  setting.primaries[0].serial = setting.primaries[1].serial = 2;
  captured.take();
  setting.settle(kRefresh);
  CHECK(setting.served() == 2);
  CHECK(setting.primaries[0].asked == Lines{"AXFR tcp", "SOA udp", "SOA tcp"});
  CHECK(setting.primaries[1].asked == Lines{"SOA udp", "IXFR 1 tcp"});
  CHECK(captured.take().find("do not answer: " + setting.first() +
                             ": BADSIG: the answer's signature does not fit key \"transfer.test.\"\n") !=
        std::string::npos);
}

TEST_CASE("secondary: primaries are the same when their keys are, secret and all") {
  const SocketAddress address{*IpAddress::parse("192.0.2.1"), 53};
  const auto primary = [&](const dns::TsigKey& with) {
    return Primary(address, std::make_shared<const dns::TsigKey>(with));
  };
  CHECK(primary(key()) == primary(key()));
  CHECK(Primary(address) == Primary(address));
  CHECK_FALSE(primary(key()) == Primary(address));
  CHECK_FALSE(Primary(address) == primary(key()));
  CHECK_FALSE(primary(key()) == primary(key("other.test.")));
  CHECK_FALSE(primary(key()) == primary(key("transfer.test.", "another")));
}

TEST_CASE("secondary: a key is for the primaries of its line") {
  PluginFixture server(
      "a {\ntsig\nsecondary {\ntransfer from 192.0.2.1 192.0.2.2 key TRANSFER.test\ntransfer from 192.0.2.3\n}\n}\n",
      {testing::fake_tsig_plugin(), secondary_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto& primaries = server.handler<Secondary>("secondary").zone(*dns::Name::parse("a.")).source().primaries;
  const auto key = server.handler<testing::FakeTsigKeys>("tsig").key;
  REQUIRE(primaries.size() == 3);
  CHECK(primaries[0].key == key);
  CHECK(primaries[1].key == key);
  CHECK(primaries[1].address.text() == "192.0.2.2:53");
  CHECK(!primaries[2].key);
}

TEST_CASE("secondary: a key that is not there, or that nobody is asked with, is refused at start") {
  const struct {
    const char *inside, *expected;
  } cases[] = {
      {"secondary {\ntransfer from 192.0.2.1 key transfer.test.\n}",
       "Corefile:3 - Error during parsing: key \"transfer.test.\" is not there: the server block has no tsig"},
      {"tsig\nsecondary {\ntransfer from 192.0.2.1 key a.test.\n}",
       "plugin/secondary: Corefile:4 - Error during parsing: key \"a.test.\" is not there"},
      {"tsig\nsecondary {\ntransfer from key transfer.test.\n}",
       "Wrong argument count or unexpected line ending after 'from'"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.inside);
    const PluginFixture server("a {\n" + std::string(each.inside) + "\n}\n",
                               {testing::fake_tsig_plugin(), secondary_plugin});
    CHECK(!server.ok());
    CHECK_MESSAGE(server.error_text().find(each.expected) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace portolan::secondary
