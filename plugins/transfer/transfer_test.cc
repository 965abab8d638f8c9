// transfer: who gets a zone, in how many messages, and what becomes of a client that goes away.
#include "plugins/transfer/transfer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/log_capture.h"
#include "dns/rdata.h"
#include "plugins/common/fake_tsig_keys_test.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin transfer_plugin;
}

namespace portolan::transfer {
namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

constexpr uint32_t kSerial = 7;

// TXT rdata of `size` octets.
std::span<const uint8_t> text_rdata(size_t size, Arena& arena) {
  const std::span<uint8_t> rdata = arena.bytes(size);
  std::fill(rdata.begin(), rdata.end(), uint8_t{'x'});
  for (size_t at = 0; at < size; at += rdata[at] + 1U)
    rdata[at] = static_cast<uint8_t>(std::min<size_t>(255, size - at - 1));
  return rdata;
}

// A zone of `texts` TXT records, each of `size` octets, in pieces of `piece`.
class FakeStream : public server::RecordStream {
 public:
  FakeStream(dns::NameView zone, bool soa_alone, size_t texts, size_t size, size_t piece)
      : zone_(zone), left_(texts), size_(size), piece_(piece), step_(soa_alone ? 2 : 0) {}

  bool next(Arena& arena, ArenaVector<dns::Record>& out) override {
    if (step_ == 1 && left_ == 0) step_ = 2;
    if (step_ > 2) return false;
    if (step_ != 1) {
      dns::Soa soa;
      soa.serial = kSerial;
      out.push_back({copied(arena), dns::RRType::soa, dns::RRClass::in, 60, dns::soa_rdata(soa, arena)});
      ++step_;
      return true;
    }
    for (size_t i = 0; i < piece_ && left_ > 0; ++i, --left_) {
      out.push_back({copied(arena), dns::RRType::txt, dns::RRClass::in, 60, text_rdata(size_, arena)});
    }
    return true;
  }

 private:
  dns::NameView copied(Arena& arena) const {
    return {arena.copy(zone_.view().wire()).data(), static_cast<uint8_t>(zone_.view().size())};
  }
  const dns::Name zone_;
  size_t left_;
  const size_t size_, piece_;
  int step_;
};

// Has the zone big.test (and, with an argument, fails for it).
class FakeZones : public server::Handler, public server::Transferer {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next) override {
    return query.answer(dns::Rcode::yxrrset);  // tells that the chain went on
  }
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override {
    if (!name.equals(*dns::Name::parse("big.test."))) return std::unique_ptr<server::RecordStream>();
    if (broken) return fail("the zone is broken");
    return std::make_unique<FakeStream>(name, serial == kSerial, texts, size, piece);
  }
  bool broken = false;
  size_t texts = 3, size = 100, piece = 2;
};

server::Plugin zones_plugin() {
  return {"file", [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<FakeZones>());
            return {};
          }};
}

struct Fixture : PluginFixture {
  explicit Fixture(const std::string& inside, const std::string& key = ".")
      : PluginFixture(key + " {\n" + inside + "\nfile\n}\n",
                      {testing::fake_tsig_plugin(), transfer_plugin, zones_plugin()}) {
    REQUIRE_MESSAGE(ok(), error_text());
  }
  FakeZones& zones() { return handler<FakeZones>("file"); }
  Answer get(const std::string& name, const std::string& client = "127.0.0.1", dns::RRType type = dns::RRType::axfr,
             int64_t serial = -1, size_t takes = SIZE_MAX) {
    Ask question;
    question.name = name;
    question.type = type;
    question.transport = server::Transport::tcp;
    question.client = client;
    question.serial = serial;
    question.takes = takes;
    return ask(question);
  }
};

TEST_CASE("transfer: a zone goes out between two SOA records, authoritative, in one message if it fits") {
  log::LogCapture captured;
  Fixture server("transfer {\nto *\n}");
  const Answer answer = server.get("BIG.test.");
  CHECK(answer.rcode == dns::Rcode::noerror);
  CHECK(answer.header.aa);
  CHECK(answer.message.empty());
  CHECK(answer.streamed.size() == 1);
  REQUIRE(answer.answer.size() == 5);
  CHECK(answer.answer.front() == "big.test. 60 IN SOA . . 7 0 0 0 0");
  CHECK(answer.answer.back() == answer.answer.front());
  CHECK(captured.take().find(
            "[INFO] plugin/transfer: Outgoing transfer of 5 records of zone \"BIG.test.\" to 127.0.0.1 for 7 "
            "SOA serial") != std::string::npos);
}

TEST_CASE("transfer: a large zone goes out in messages that a client can take") {
  const struct {
    size_t texts, size, piece, least, most;
  } cases[] = {
      {10'000, 100, 1, 60, 100},
      {10'000, 100, 10'000, 35, 100},  // all in one piece
      {40, 20'000, 3, 20, 45},
      {3, 60'000, 1, 3, 5},
  };
  for (const auto& c : cases) {
    CAPTURE(c.texts);
    CAPTURE(c.piece);
    Fixture server("transfer {\nto *\n}");
    server.zones().texts = c.texts;
    server.zones().size = c.size;
    server.zones().piece = c.piece;
    const Answer answer = server.get("big.test.");
    CHECK(answer.rcode == dns::Rcode::noerror);
    CHECK(answer.answer.size() == c.texts + 2);
    CHECK(answer.answer.back().find(" SOA ") != std::string::npos);
    CHECK(answer.streamed.size() >= c.least);
    CHECK(answer.streamed.size() <= c.most);
  }
}

TEST_CASE("transfer: an up-to-date IXFR client gets the SOA alone and without AA, any other the zone (RFC 1995)") {
  const struct {
    int64_t serial;
    size_t records;
    bool aa;
    dns::Rcode rcode;
  } cases[] = {
      {7, 1, false, dns::Rcode::noerror}, {6, 5, true, dns::Rcode::noerror},    {8, 5, true, dns::Rcode::noerror},
      {0, 5, true, dns::Rcode::noerror},  {-1, 0, false, dns::Rcode::servfail},  // no SOA in the question
  };
  Fixture server("transfer {\nto *\n}");
  for (const auto& c : cases) {
    CAPTURE(c.serial);
    const Answer answer = server.get("big.test.", "127.0.0.1", dns::RRType::ixfr, c.serial);
    CHECK(answer.answer.size() == c.records);
    CHECK(answer.header.aa == c.aa);
    CHECK(answer.rcode == c.rcode);
  }
}

TEST_CASE("transfer: only who is listed for the longest zone that matches gets it") {
  const struct {
    const char *inside, *client;
    dns::Rcode rcode;
  } cases[] = {
      {"transfer {\nto 192.0.2.1\n}", "192.0.2.1", dns::Rcode::noerror},
      {"transfer {\nto 192.0.2.1\n}", "192.0.2.2", dns::Rcode::refused},
      {"transfer {\nto 192.0.2.9 192.0.2.1:5300\n}", "192.0.2.1", dns::Rcode::noerror},
      {"transfer {\nto 192.0.2.9\nto 2001:db8::1\n}", "2001:db8::1", dns::Rcode::noerror},
      {"transfer {\nto [2001:db8::1]:5300\n}", "2001:db8::1", dns::Rcode::noerror},
      {"transfer {\nto 192.0.2.1\n}", "::ffff:192.0.2.1", dns::Rcode::noerror},
      {"transfer {\nto 192.0.2.1\nto *\n}", "192.0.2.2", dns::Rcode::noerror},
      {"transfer . {\nto *\n}\ntransfer big.test {\nto 192.0.2.1\n}", "192.0.2.2", dns::Rcode::refused},
      {"transfer big.test {\nto *\n}\ntransfer test {\nto 192.0.2.1\n}", "192.0.2.2", dns::Rcode::noerror},
      {"transfer other.test {\nto *\n}", "192.0.2.2", dns::Rcode::yxrrset},  // not one of its zones
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    Fixture server(c.inside);
    CHECK(server.get("big.test.", c.client).rcode == c.rcode);
  }
}

TEST_CASE("transfer: who is listed with a key gets the zone with that key only") {
  const auto refused = dns::Rcode::refused, good = dns::Rcode::noerror;
  const struct {
    const char *to, *client, *key;
    dns::Rcode rcode;
  } cases[] = {
      {"to 192.0.2.1 key transfer.test.", "192.0.2.1", "Transfer.TEST.", good},
      {"to 192.0.2.1 key transfer.test.", "192.0.2.1", ".", refused},
      {"to 192.0.2.1 key transfer.test.", "192.0.2.1", "other.test.", refused},
      {"to 192.0.2.1 key transfer.test.", "192.0.2.2", "transfer.test.", refused},
      {"to 192.0.2.1 192.0.2.2 key transfer.test.", "192.0.2.2", ".", refused},
      {"to 192.0.2.1 192.0.2.2 key transfer.test.", "192.0.2.1", ".", refused},
      {"to * key transfer.test.", "192.0.2.2", "transfer.test.", good},
      {"to * key transfer.test.", "192.0.2.2", ".", refused},
      {"to 192.0.2.1 key transfer.test.\nto 192.0.2.2", "192.0.2.2", ".", good},
      {"to 192.0.2.1 key transfer.test.\nto *", "192.0.2.1", ".", good},
      {"to 192.0.2.1", "192.0.2.1", "other.test.", good},
  };
  for (const auto& c : cases) {
    CAPTURE(c.to);
    CAPTURE(c.key);
    Fixture server("tsig\ntransfer {\n" + std::string(c.to) + "\n}");
    server.handler<testing::FakeTsigKeys>("tsig").signed_with = *dns::Name::parse(c.key);
    for (const auto type : {dns::RRType::axfr, dns::RRType::ixfr}) {
      CHECK(server.get("big.test.", c.client, type, 6).rcode == c.rcode);
    }
  }
}

TEST_CASE("transfer: other questions and zones that nobody has go to the next plugin, UDP is refused (RFC 5936)") {
  Fixture server("transfer {\nto *\n}");
  CHECK(server.ask("big.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.get("none.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("big.test.", dns::RRType::axfr).rcode == dns::Rcode::refused);
}

TEST_CASE("transfer: a zone that cannot be handed out is SERVFAIL") {
  Fixture server("transfer {\nto *\n}");
  server.zones().broken = true;
  const Answer answer = server.get("big.test.");
  CHECK(answer.rcode == dns::Rcode::servfail);
  CHECK(answer.answer.empty());
}

TEST_CASE("transfer: it ends when the client goes away, and when a record fits into no message") {
  Fixture server("transfer {\nto *\n}");
  server.zones().texts = 10'000;
  const Answer gone = server.get("big.test.", "127.0.0.1", dns::RRType::axfr, -1, 4);
  CHECK(gone.streamed.size() == 4);
  CHECK(gone.rcode == dns::Rcode::servfail);
  server.zones().texts = 1;
  server.zones().size = 65'530;
  const Answer large = server.get("big.test.");
  CHECK(large.rcode == dns::Rcode::servfail);
  CHECK(large.message.size() > 0);
}

TEST_CASE("transfer: what is refused at start") {
  const struct {
    const char *inside, *expected;
  } cases[] = {
      {"transfer", "Corefile:2 - Error during parsing: 'to' is required"},
      {"transfer {\nto\n}",
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'to'"},
      {"transfer {\nto x\n}", "must specify an IP address: `x'"},
      {"transfer {\nto 10.0.0.0/8\n}", "must specify an IP address: `10.0.0.0/8'"},
      {"transfer {\nto 2001:db8::1:x\n}", "must specify an IP address: `2001:db8::1:x'"},
      {"transfer {\nto 192.0.2.1:99999\n}", "no port: `99999'"},
      {"transfer {\nto *\nsource x\n}", "Corefile:4"},
      {"transfer {\nto *\nsource 192.0.2.1\nsource 192.0.2.2\n}", "'source' can only be specified once"},
      {"transfer {\nfrom *\n}", "unknown property 'from'"},
      {"transfer {\nto 192.0.2.1 key a.test.\n}",
       "Corefile:3 - Error during parsing: key \"a.test.\" is not there: the server block has no tsig"},
      {"tsig\ntransfer {\nto 192.0.2.1 key a.test.\n}",
       "plugin/transfer: Corefile:4 - Error during parsing: key \"a.test.\" is not there"},
      {"tsig\ntransfer {\nto key transfer.test.\n}", "'to' is required"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    const PluginFixture server(std::string(". {\n") + c.inside + "\n}\n",
                               {testing::fake_tsig_plugin(), transfer_plugin});
    CAPTURE(server.error_text());
    CHECK(!server.ok());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

TEST_CASE("transfer: a source of another family than a secondary is warned about") {
  const PluginFixture server(". {\ntransfer {\nto 192.0.2.1 2001:db8::1\nsource 2001:db8::53\n}\n}\n",
                             {transfer_plugin});
  REQUIRE(server.ok());
  const auto& warnings = const_cast<PluginFixture&>(server).configuration().warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().find("192.0.2.1:53 hears of no change") != std::string::npos);
}

TEST_CASE("transfer: a zone with a key whose signatures nobody looks at is warned about") {
  PluginFixture server(
      ". {\ntsig\ntransfer big.test bare.test {\nto * key transfer.test.\n}\ntransfer bare.test {\nto *\n}\n}\n",
      {testing::fake_tsig_plugin(), transfer_plugin});
  REQUIRE(server.ok());
  const auto& warnings = server.configuration().warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().find("nobody who needs a key may have bare.test.: tsig does not look at its queries") !=
        std::string::npos);
}

}  // namespace
}  // namespace portolan::transfer
