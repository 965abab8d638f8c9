// dnssec: what is signed, how denials look, and when a signature is made.
#include "plugins/dnssec/dnssec.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "dns/testing.h"
#include "tests/unit/plugin_fixture.h"
#include "zones/dnssec/testing.h"

namespace portolan {
extern const server::Plugin dnssec_plugin;
}

namespace portolan::dnssec {
namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Texts = std::vector<std::string>;

// What the plugin behind answers.
struct Backend {
  dns::Rcode rcode = dns::Rcode::noerror;
  Texts answer, authority, additional;
  bool waits = false;
  bool part_will_do = false;
};
Backend backend;

void fill(server::Query& query, const Texts& texts, ArenaVector<dns::Record>& to) {
  for (const std::string& text : texts) {
    const dns::OwnedRecord owned = dns::record(text);
    dns::Record record = owned.view();
    record.owner = {query.arena().copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size())};
    record.rdata = query.arena().copy(record.rdata);
    to.push_back(record);
  }
}

Task<server::Outcome> answer_late(server::Query& query) {
  Task<void> pause = sleep_for(query.worker().loop(), std::chrono::nanoseconds(0));
  co_await pause;
  co_return query.answer(backend.rcode);
}

Task<server::Outcome> serve_backend(server::Query& query, server::Next) {
  fill(query, backend.answer, query.reply().answer);
  fill(query, backend.authority, query.reply().authority);
  fill(query, backend.additional, query.reply().additional);
  query.reply().part_will_do = backend.part_will_do;
  if (backend.waits) return answer_late(query);
  return query.answer(backend.rcode);
}

class Keys {
 public:
  Keys() {
    std::string name = (std::filesystem::temp_directory_path() / "dnssec-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    write("ksk", zones::kKeySigning);
    write("zsk", zones::kZoneSigning);
  }
  ~Keys() { std::filesystem::remove_all(path_); }
  void write(const std::string& base, const zones::ExampleKey& key) const {
    std::ofstream(*this / base + ".key") << key.open;
    std::ofstream(*this / base + ".private") << key.secret;
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

PluginFixture served(const std::string& inside, const std::string& zones = "alder.test",
                     const PluginFixture* previous = nullptr) {
  return PluginFixture(zones + " {\ndnssec {\n" + inside + "\n}\nbackend\n}\n",
                       {dnssec_plugin, testing::stand_in("backend", serve_backend)}, previous);
}

Ask with_do(const std::string& name, dns::RRType type = dns::RRType::a) {
  Ask ask;
  ask.name = name;
  ask.type = type;
  ask.edns_size = 4096;
  ask.dnssec_ok = true;
  return ask;
}

// Signatures as "OWNER TTL RRSIG TYPE TAG", for their times and octets differ.
Texts shown(const Texts& records) {
  Texts all;
  for (const std::string& text : records) {
    const dns::OwnedRecord record = dns::record(text);
    if (record.type != dns::RRType::rrsig) {
      all.push_back(text);
      continue;
    }
    const auto rdata = record.view().rdata;
    all.push_back(record.owner.text() + " " + std::to_string(record.ttl) + " RRSIG " +
                  dns::text(static_cast<dns::RRType>(rdata[0] << 8 | rdata[1])) + " " +
                  std::to_string(rdata[16] << 8 | rdata[17]));
  }
  return all;
}

// Whether `signature` is one over `records` by `key`.
bool verifies(const zones::SigningKey& key, const Texts& records, const std::string& signature) {
  std::vector<dns::OwnedRecord> owned;
  std::vector<dns::Record> rrset;
  for (const std::string& text : records) owned.push_back(dns::record(text));
  for (const dns::OwnedRecord& record : owned) rrset.push_back(record.view());
  const dns::OwnedRecord rrsig = dns::record(signature);
  const auto rdata = rrsig.view().rdata;
  const auto number = [&](size_t at) {
    return uint32_t{rdata[at]} << 24 | uint32_t{rdata[at + 1]} << 16 | uint32_t{rdata[at + 2]} << 8 | rdata[at + 3];
  };
  std::string fields;
  const std::string data =
      zones::signed_data(key, rrset, dns::name("alder.test."), number(4), {number(12), number(8)}, fields);
  return key.verify({reinterpret_cast<const uint8_t*>(data.data()), data.size()}, rdata.subspan(fields.size()));
}

const std::string kSoa = "alder.test. 60 IN SOA ns.alder.test. h.alder.test. 1 2 3 4 5";

TEST_CASE("dnssec: every rrset in our zones gets a signature, in each section, behind the records") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "ksk");
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    backend = {dns::Rcode::noerror,
               {"a.alder.test. 60 IN CNAME b.alder.test.", "b.alder.test. 50 IN A 192.0.2.1",
                "B.alder.test. 50 IN A 192.0.2.2", "x.other.test. 9 IN A 192.0.2.3"},
               {"alder.test. 60 IN NS ns.other.test."},
               {"ns.alder.test. 60 IN A 192.0.2.4"},
               waits};
    const Answer answer = server.ask(with_do("a.alder.test."));
    Texts expected = backend.answer;
    expected.insert(expected.end(), {"a.alder.test. 60 RRSIG CNAME 22216", "b.alder.test. 50 RRSIG A 22216"});
    CHECK(shown(answer.answer) == expected);
    CHECK(shown(answer.authority) == Texts{"alder.test. 60 IN NS ns.other.test.", "alder.test. 60 RRSIG NS 22216"});
    CHECK(shown(answer.additional) == Texts{"ns.alder.test. 60 IN A 192.0.2.4", "ns.alder.test. 60 RRSIG A 22216"});
    REQUIRE(answer.answer.size() == 6);
    CHECK(verifies(zones::kKeySigning.key(), {answer.answer[1], answer.answer[2]}, answer.answer[5]));
    CHECK(!verifies(zones::kKeySigning.key(), {answer.answer[1]}, answer.answer[5]));
  }
}

TEST_CASE("dnssec: who does not ask for signatures gets none") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "ksk", "alder.test birch.test");
  backend = {dns::Rcode::nxdomain, {}, {kSoa}, {}, false};
  Ask plain = with_do("nx.alder.test.");
  plain.dnssec_ok = false;
  const Answer answer = server.ask(plain);
  CHECK(answer.rcode == dns::Rcode::nxdomain);
  CHECK(answer.authority == Texts{kSoa});
  CHECK(server.handler<Dnssec>("dnssec").table().size() == 0);
}

TEST_CASE("dnssec: names outside its zones are left alone") {
  Keys keys;
  PluginFixture server(". {\ndnssec alder.test {\nkey file " + keys / "ksk" + "\n}\nbackend\n}\n",
                       {dnssec_plugin, testing::stand_in("backend", serve_backend)});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  backend = {dns::Rcode::nxdomain, {}, {kSoa}, {}, false};
  const Answer answer = server.ask(with_do("x.birch.test."));
  CHECK(answer.rcode == dns::Rcode::nxdomain);
  CHECK(answer.authority == Texts{kSoa});
}

TEST_CASE("dnssec: what is not there is denied with one NSEC, and a denial of a name becomes NOERROR") {
  Keys keys;
  PluginFixture lies = served("key file " + keys / "ksk");
  PluginFixture compact = served("compact_denial\nkey file " + keys / "ksk");
  const std::string types = " HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP OPENPGPKEY SPF";
  const struct {
    const char* title;
    PluginFixture& server;
    dns::Rcode rcode;
    std::string name, nsec;
  } cases[] = {
      {"no name", lies, dns::Rcode::nxdomain, "nx.alder.test.",
       "nx.alder.test. 60 IN NSEC \\000.nx.alder.test." + types},
      {"no type", lies, dns::Rcode::noerror, "Ww.alder.test.",
       "Ww.alder.test. 60 IN NSEC \\000.Ww.alder.test." + types},
      {"no name, compact", compact, dns::Rcode::nxdomain, "nx.alder.test.",
       "nx.alder.test. 60 IN NSEC \\000.nx.alder.test. RRSIG NSEC TYPE128"},
      {"no type, compact", compact, dns::Rcode::noerror, "ww.alder.test.",
       "ww.alder.test. 60 IN NSEC \\000.ww.alder.test." + types},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.title));
    backend = {c.rcode, {}, {kSoa}, {}, false};
    const Answer answer = c.server.ask(with_do(c.name));
    CHECK(answer.rcode == dns::Rcode::noerror);
    const std::string owner = c.name + " 60 RRSIG NSEC 22216";
    CHECK(shown(answer.authority) == Texts{kSoa, "alder.test. 60 RRSIG SOA 22216", owner, c.nsec});
    REQUIRE(answer.authority.size() == 4);
    CHECK(verifies(zones::kKeySigning.key(), {answer.authority[3]}, answer.authority[2]));
  }
}

TEST_CASE("dnssec: a question for NXNAME is FORMERR with compact denial only") {
  Keys keys;
  PluginFixture compact = served("compact_denial\nkey file " + keys / "ksk");
  PluginFixture lies = served("key file " + keys / "ksk");
  backend = {dns::Rcode::noerror, {}, {kSoa}, {}, false};
  CHECK(compact.ask(with_do("a.alder.test.", static_cast<dns::RRType>(128))).rcode == dns::Rcode::formerr);
  CHECK(lies.ask(with_do("a.alder.test.", static_cast<dns::RRType>(128))).rcode == dns::Rcode::noerror);
}

TEST_CASE("dnssec: an NSEC that is asked for by its type is the answer, with the signatures of all keys") {
  Keys keys;
  keys.write("other",
             {"alder.test." + std::string(" IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"),
              zones::kEd25519.secret});
  PluginFixture server = served("key file " + keys / "ksk" + " " + keys / "other");
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  backend = {dns::Rcode::nxdomain, {}, {kSoa}, {}, false};
  const Answer answer = server.ask(with_do("nx.alder.test.", dns::RRType::nsec));
  CHECK(answer.authority.empty());
  CHECK(shown(answer.answer) ==
        Texts{"nx.alder.test. 60 RRSIG NSEC 22216", "nx.alder.test. 60 RRSIG NSEC 3613",
              "nx.alder.test. 60 IN NSEC \\000.nx.alder.test. A HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP "
              "OPENPGPKEY SPF"});
}

TEST_CASE("dnssec: a delegation gets its DS signed, or an NSEC that denies it") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "ksk");
  const std::string ns = "d.alder.test. 60 IN NS ns.d.alder.test.",
                    ds = "d.alder.test. 30 IN DS 1 13 2 " + std::string(64, 'a');
  backend = {dns::Rcode::noerror, {}, {ns, ds}, {"ns.d.alder.test. 60 IN A 192.0.2.1"}, false};
  Answer answer = server.ask(with_do("x.d.alder.test."));
  CHECK(shown(answer.authority) == Texts{ns, ds, "d.alder.test. 30 RRSIG DS 22216"});
  CHECK(answer.additional == backend.additional);
  backend.authority = {ns};
  answer = server.ask(with_do("d.alder.test."));
  CHECK(shown(answer.authority) ==
        Texts{ns, "d.alder.test. 60 RRSIG NSEC 22216",
              "d.alder.test. 60 IN NSEC d\\000.alder.test. A NS HINFO TXT AAAA LOC SRV CERT SSHFP RRSIG NSEC TLSA HIP "
              "OPENPGPKEY SPF"});
}

TEST_CASE("dnssec: a zone's keys are answered at its apex, and signed when asked for") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "zsk" + "\nkey file " + keys / "ksk");
  backend = {dns::Rcode::refused, {}, {}, {}, false};
  Answer answer = server.ask("Alder.TEST.", dns::RRType::dnskey);
  CHECK(answer.header.aa);
  CHECK(answer.rcode == dns::Rcode::noerror);
  REQUIRE(answer.answer.size() == 2);
  CHECK(answer.answer[0].starts_with("alder.test. 3600 IN DNSKEY 256 3 13 CmZj"));
  CHECK(answer.answer[1].starts_with("alder.test. 3600 IN DNSKEY 257 3 13 autO"));
  answer = server.ask(with_do("alder.test.", dns::RRType::dnskey));
  CHECK(shown(answer.answer).back() == "alder.test. 3600 RRSIG DNSKEY 22216");
  CHECK(answer.answer.size() == 3);
  CHECK(server.ask(with_do("x.alder.test.", dns::RRType::dnskey)).rcode == dns::Rcode::refused);
}

TEST_CASE("dnssec: failures and dropped queries are passed on as they are") {
  Keys keys;
  for (const server::Outcome& outcome : {server::Outcome::failed(dns::Rcode::servfail), server::Outcome::dropped()}) {
    PluginFixture server("alder.test {\ndnssec {\nkey file " + keys / "ksk" + "\n}\nbackend\n}\n",
                         {dnssec_plugin, testing::stand_in("backend", [&](server::Query&, server::Next) {
                            return Task<server::Outcome>(outcome);
                          })});
    const Answer answer = server.ask(with_do("a.alder.test."));
    CHECK(answer.silent == (outcome.verdict == server::Verdict::dropped));
    CHECK(answer.authority.empty());
  }
}

TEST_CASE("dnssec: a signature is made once, whatever TTL and order, and anew two days before it ends") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "ksk");
  const auto signature = [&](const Texts& records) {
    backend = {dns::Rcode::noerror, records, {}, {}, false};
    const Answer answer = server.ask(with_do("a.alder.test."));
    REQUIRE(answer.answer.size() == records.size() + 1);
    const std::string& text = answer.answer.back();
    return text.substr(text.find("RRSIG"));
  };
  const std::string first = signature({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2"});
  CHECK(first.starts_with("RRSIG A 13 3 3600 20231122221320 20231114191320 22216 alder.test. "));
  CHECK(signature({"A.ALDER.test. 9 IN A 192.0.2.2", "A.ALDER.test. 9 IN A 192.0.2.1"}) == first);
  CHECK(signature({"a.alder.test. 60 IN A 192.0.2.1"}) != first);
  CHECK(server.handler<Dnssec>("dnssec").table().size() == 2);
  server.process().fake_clock.advance(std::chrono::hours(24 * 6));
  CHECK(signature({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2"}) == first);
  server.process().fake_clock.advance(std::chrono::seconds(1));
  CHECK(signature({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2"})
            .starts_with("RRSIG A 13 3 3600 20231128221321 20231120191321 "));
  CHECK(server.handler<Dnssec>("dnssec").table().size() == 2);
}

TEST_CASE("dnssec: of a signed rrset that is too large the client gets no part, but is sent to TCP") {
  Keys keys;
  PluginFixture server = served("key file " + keys / "ksk");
  backend = {dns::Rcode::noerror, {}, {}, {}, false, true};
  for (int i = 0; i < 200; ++i) backend.answer.push_back("a.alder.test. 60 IN A 192.0.2." + std::to_string(i));
  Ask ask = with_do("a.alder.test.");
  ask.edns_size = 1232;
  CHECK(server.ask(ask).header.tc);
  ask.dnssec_ok = false;
  CHECK(!server.ask(ask).header.tc);
}

TEST_CASE("dnssec: a reload keeps the signatures of the same keys") {
  Keys keys;
  PluginFixture before = served("key file " + keys / "ksk");
  backend = {dns::Rcode::noerror, {"a.alder.test. 60 IN A 192.0.2.1"}, {}, {}, false};
  before.ask(with_do("a.alder.test."));
  PluginFixture same = served("key file " + keys / "ksk" + "\ncompact_denial", "alder.test", &before);
  PluginFixture others = served("key file " + keys / "zsk", "alder.test", &before);
  CHECK(same.handler<Dnssec>("dnssec").table().size() == 1);
  CHECK(others.handler<Dnssec>("dnssec").table().size() == 0);
}

TEST_CASE("dnssec: without a key everything is as if it were not there") {
  PluginFixture server = served("");
  backend = {dns::Rcode::nxdomain, {}, {kSoa}, {}, false};
  const Answer answer = server.ask(with_do("nx.alder.test."));
  CHECK(answer.rcode == dns::Rcode::nxdomain);
  CHECK(answer.authority == Texts{kSoa});
}

TEST_CASE("dnssec: keys that can hardly be meant are warned about") {
  Keys keys;
  keys.write("other",
             {"alder.test. IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n", zones::kEd25519.secret});
  const struct {
    std::string inside, expected;
  } cases[] = {
      {"", "without a key nothing is signed"},
      {"key file " + keys / "ksk" + " " + keys / "ksk.key", "ksk.key has been named already"},
      {"key file " + keys / "other" + " " + keys / "zsk", "some validators refuse such a zone"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    PluginFixture server = served(c.inside);
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    REQUIRE(server.configuration().warnings().size() == 1);
    CHECK(server.configuration().warnings().front().find(c.expected) != std::string::npos);
  }
  CHECK(served("key file " + keys / "ksk" + " " + keys / "zsk").configuration().warnings().empty());
}

TEST_CASE("dnssec: what is refused at start") {
  Keys keys;
  const std::string key = "key file " + keys / "ksk";
  const struct {
    std::string zones, inside, expected;
  } cases[] = {
      {"alder.test", "key", "Corefile:3 - Error during parsing: Wrong argument count"},
      {"alder.test", "key file", "Corefile:3 - Error during parsing: Wrong argument count"},
      {"alder.test", "key file " + keys / "none", "open " + keys / "none.key: no such file or directory"},
      {"alder.test", "key foo " + keys / "ksk", "'foo', must be one of: file, aws_secretsmanager"},
      {"alder.test", "key aws_secretsmanager x", "key aws_secretsmanager is not offered"},
      {"birch.test", key, "key alder.test. (keyid: 22216) can not sign any of the zones"},
      {"test", key, "key alder.test. (keyid: 22216) can not sign any of the zones"},
      {"alder.test", "cache_capacity", "Wrong argument count"},
      {"alder.test", "cache_capacity x", "parsing \"x\""},
      {"alder.test", "foo", "unknown property 'foo'"},
      {"alder.test", "}\ndnssec {", "this plugin can only be used once per Server Block"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    PluginFixture server = served(c.inside, c.zones);
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
  CHECK(served(key, "x.alder.test").ok());
}

}  // namespace
}  // namespace portolan::dnssec
