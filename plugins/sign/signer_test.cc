// sign: when a zone is signed, what is written and what stays when it cannot be.
#include "plugins/sign/signer.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/log_capture.h"
#include "base/temporary_folder.h"
#include "dns/rdata.h"
#include "dns/testing.h"
#include "plugins/sign/signed_file.h"
#include "tests/unit/plugin_fixture.h"
#include "zones/dnssec/testing.h"
#include "zones/zone_file.h"

namespace portolan {
extern const server::Plugin sign_plugin;
}

namespace portolan::sign {
namespace {

using testing::PluginFixture;

class Folder : public TemporaryFolder {
 public:
  Folder() {
    write("db", "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n");
    key("ksk", zones::kKeySigning);
    key("zsk", zones::kZoneSigning);
  }
  void key(const std::string& base, const zones::ExampleKey& key) const {
    write(base + ".key", key.open);
    write(base + ".private", key.secret);
  }
  std::string read(const std::string& name) const {
    const auto text = zones::read_file(*this / name);
    return text.has_error() ? "" : *text;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& each : std::filesystem::directory_iterator(path())) all.push_back(each.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
};

Job job(const Folder& folder, std::vector<zones::SigningKey> keys = {zones::kKeySigning.key()}) {
  Job made;
  made.origin = dns::name("alder.test.");
  made.zone_file = folder / "db";
  made.directory = folder.path();
  made.keys = zones::KeySet(std::move(keys));
  return made;
}

const auto kNever = [] { return false; };

TEST_CASE("sign: the signed zone has the time as its serial, and signatures from 3 hours ago to 32 days on") {
  Folder folder;
  FakeClock clock;
  Job with_jitter = job(folder);
  with_jitter.earlier = std::chrono::hours(1);
  with_jitter.longer = std::chrono::hours(2);
  const Signer signer(with_jitter);
  CHECK(signer.signed_file() == folder / "db.alder.test.signed");
  const auto serial = signer.sign(clock.wall(), kNever);
  REQUIRE(serial.has_value());
  CHECK(*serial == 1'700'000'000);
  const std::string text = folder.read("db.alder.test.signed");
  CHECK(
      text.starts_with("alder.test.\t60\tIN\tSOA\tns.alder.test. h.alder.test. 1700000000 2 3 4 5\n"
                       "alder.test.\t60\tIN\tRRSIG\tSOA 13 2 60 20231217001320 20231114181320 22216 alder.test. "));
  const auto read = zones::read_zone_text(text, "signed", dns::name("alder.test."));
  REQUIRE(read.has_value());
  CHECK(read->tree->serial() == 1'700'000'000);
  CHECK(folder.names() ==
        std::vector<std::string>{"db", "db.alder.test.signed", "ksk.key", "ksk.private", "zsk.key", "zsk.private"});
}

TEST_CASE("sign: the root's signed file has a name too") {
  Folder folder;
  Job root = job(folder);
  root.origin = dns::Name();
  CHECK(Signer(root).signed_file() == folder / "db..signed");
}

TEST_CASE("sign: a zone is signed when its signatures are missing, old, about to end or of other keys") {
  Folder folder;
  FakeClock clock;
  const Signer signer(job(folder));
  REQUIRE(signer.due(clock.wall()));
  CHECK(*signer.due(clock.wall()) == "open " + folder / "db.alder.test.signed: no such file or directory");
  REQUIRE(signer.sign(clock.wall(), kNever).has_value());
  CHECK(!signer.due(clock.wall()));

  using std::chrono::hours;
  const WallTime made = clock.wall();
  const struct {
    std::chrono::seconds later;
    std::string why;  // begins with; empty: signatures will do
  } cases[] = {
      {hours(6 * 24 - 3), ""},
      {hours(6 * 24 - 3) + std::chrono::seconds(1),
       "inception \"2023-11-14T19:13:20.000Z\" was more than: 144h0m0s ago from 2023-11-20T19:13:21.000Z: 144h0m1s"},
      {-hours(3), ""},
      {-hours(3) - std::chrono::seconds(1), "inception \"2023-11-14T19:13:20.000Z\" date is in the future: 1s"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.later.count());
    CHECK(signer.due(made + c.later).value_or("") == c.why);
  }
  const Signer others(job(folder, {zones::kZoneSigning.key()}));
  CHECK(others.due(made).value_or("") == "the SOA is signed by other keys");
  const Signer more(job(folder, {zones::kKeySigning.key(), zones::kEcdsa256.key()}));
  CHECK(more.due(made).value_or("") == "the SOA is signed by other keys");
}

TEST_CASE("sign: a zone file that has been changed since it was signed is signed again") {
  Folder folder;
  FakeClock clock;
  const Signer signer(job(folder));
  REQUIRE(signer.sign(clock.wall(), kNever).has_value());
  const auto written = std::filesystem::last_write_time(signer.signed_file());
  std::filesystem::last_write_time(folder / "db", written);
  CHECK(!signer.due(clock.wall()));
  std::filesystem::last_write_time(folder / "db", written + std::chrono::seconds(1));
  CHECK(signer.due(clock.wall()).value_or("") == folder / "db has been changed since");
}

TEST_CASE("sign: 14 days before the signature ends it is time, and without one at once") {
  Folder folder;
  const Signer signer(job(folder));
  const WallTime now = FakeClock().wall();  // 2023-11-14T22:13:20
  const auto with = [&](const std::string& expiration) {
    folder.write("db.alder.test.signed",
                 "alder.test. 60 IN SOA ns h 1 2 3 4 5\n"
                 "alder.test. 60 IN RRSIG SOA 13 2 60 " +
                     expiration + " 20231113000000 22216 alder.test. AAAA\n");
    return signer.due(now).value_or("");
  };
  CHECK(with("20231128221320") == "");
  CHECK(with("20231128221319") ==
        "expiration \"2023-11-28T22:13:19.000Z\" is less than: 336h0m0s away from 2023-11-14T22:13:20.000Z: "
        "335h59m59s");
  folder.write("db.alder.test.signed", "alder.test. 60 IN SOA ns h 1 2 3 4 5\n");
  CHECK(signer.due(now).value_or("") == "no SOA RRSIG found in first 100 records");
  folder.write("db.alder.test.signed", "alder.test. 60 IN (\n");
  CHECK(signer.due(now).value_or("").starts_with(folder / "db.alder.test.signed: "));
}

TEST_CASE("sign: the SOA's signatures are looked for among the first hundred records") {
  std::string text;
  for (int i = 0; i < 99; ++i) text += "a" + std::to_string(i) + ". 60 IN A 192.0.2.1\n";
  const std::string signature =
      "alder.test. 60 IN RRSIG SOA 13 2 60 20231128221320 20231113000000 7 alder.test. AAAA\n";
  const auto in_time = soa_signatures(text + signature);
  REQUIRE(in_time.has_value());
  REQUIRE(in_time->size() == 1);
  CHECK(in_time->front().key_tag == 7);
  CHECK(in_time->front().inception == 1699833600);
  CHECK(in_time->front().expiration == 1701209600);
  CHECK(soa_signatures(text + "b. 60 IN A 192.0.2.1\n" + signature)->empty());
}

TEST_CASE("sign: a folder that cannot be written leaves the old file and says so in one line") {
  Folder folder;
  FakeClock clock;
  const Signer good(job(folder));
  REQUIRE(good.sign(clock.wall(), kNever).has_value());
  const std::string before = folder.read("db.alder.test.signed");
  const auto names = folder.names();
  clock.advance(std::chrono::hours(24 * 7));

  SUBCASE("no such folder") {
    Job broken = job(folder);
    broken.directory = folder / "none";
    const auto done = Signer(broken).sign(clock.wall(), kNever);
    REQUIRE(done.has_error());
    CHECK(done.error().message ==
          "failed to move zone file into place: open " + folder / "none/signed-*: no such file or directory");
  }
  SUBCASE("no room: the largest size of a file stands for a full disk") {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{1000, limit.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const auto done = good.sign(clock.wall(), kNever);
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, handler);
    REQUIRE(done.has_error());
    CHECK(done.error().message.starts_with("failed to move zone file into place: write " + folder / "signed-"));
    CHECK(done.error().message.ends_with(": file too large"));
  }
  SUBCASE("the zone file is broken") {
    folder.write("db", "@ 60 IN SOA ns h 1 2 3 4 5\nx 60 IN A 1.2.3\n");
    const auto done = good.sign(clock.wall(), kNever);
    REQUIRE(done.has_error());
    CHECK(done.error().message.find(folder / "db:2: A address") != std::string::npos);
  }
  SUBCASE("told to stop") {
    const auto done = good.sign(clock.wall(), [] { return true; });
    REQUIRE(done.has_error());
  }
  CHECK(folder.read("db.alder.test.signed") == before);
  CHECK(folder.names() == names);
}

TEST_CASE("sign: the log says why, what came of it and when the next look is") {
  Folder folder;
  FakeClock clock;
  Signer signer(job(folder));
  const std::string place = "zone \"alder.test.\" in \"" + folder / "db.alder.test.signed\"";
  log::LogCapture lines;
  signer.run(clock, kNever);
  signer.run(clock, kNever);
  std::filesystem::remove(folder / "db.alder.test.signed");
  std::filesystem::remove(folder / "db");
  signer.run(clock, kNever);
  const std::string text = lines.take();
  for (const std::string& line : {
           "[INFO] plugin/sign: Signing \"alder.test.\" because open " + folder / "db.alder.test.signed: no such file",
           "[INFO] plugin/sign: Successfully signed " + place + " with key tags \"22216\" and 1700000000 SOA serial, " +
               "elapsed 0.000000, next: 2023-11-15T03:13:20.000Z\n",
           "[INFO] plugin/sign: Skipping signing " + place + ": signatures are valid\n",
           "[WARNING] plugin/sign: Error signing \"alder.test.\" with key tags \"22216\" in 0s: open " + folder / "db" +
               ": no such file or directory, next: 2023-11-15T03:13:20.000Z\n",
       }) {
    CAPTURE(line);
    CAPTURE(text);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("sign: at start the zones of a block are signed, each with its keys") {
  Folder folder;
  folder.key("Kalder.test.+013+22216", zones::kKeySigning);
  folder.key("Kalder.test.+013+46769", zones::kZoneSigning);
  PluginFixture server("alder.test birch.test {\nsign " + folder / "db" + " alder.test {\nkey directory " +
                           folder.path() + "\ndirectory " + folder.path() + "\n}\nsign " + folder / "db" +
                           " birch.test {\nkey file " + folder / "ksk" + "\ndirectory " + folder.path() + "\n}\n}\n",
                       {sign_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  CHECK(server.run_until([&] { return !folder.read("db.birch.test.signed").empty(); }));
  const std::string alder = folder.read("db.alder.test.signed"), birch = folder.read("db.birch.test.signed");
  CHECK(alder.find("RRSIG\tSOA 13 2 60 20") != std::string::npos);
  CHECK(alder.find(" 46769 alder.test. ") != std::string::npos);
  CHECK(birch.find("birch.test.\t60\tIN\tDNSKEY\t257 3 13 ") != std::string::npos);
  CHECK(birch.find(" 46769 ") == std::string::npos);
}

TEST_CASE("sign: keys of an algorithm share the work, one that is its algorithm's only kind signs everything") {
  Folder folder;
  folder.key("ed", zones::kEd25519);
  const std::string keys = folder / "ksk" + " " + folder / "zsk" + " " + folder / "ed";
  PluginFixture server(
      "alder.test {\nsign " + folder / "db" + " {\nkey file " + keys + "\ndirectory " + folder.path() + "\n}\n}\n",
      {sign_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  server.configuration().serving();
  REQUIRE(server.run_until([&] { return !folder.read("db.alder.test.signed").empty(); }));
  const auto read = zones::read_zone_text(folder.read("db.alder.test.signed"), "signed", dns::name("alder.test."));
  REQUIRE(read.has_value());
  const zones::ZoneTree& tree = *read->tree;
  // Key tags at offset 16 of the signatures (RFC 4034 section 3.1): 22216 and 46769 have one algorithm, 3613 another.
  const auto signers = [&](const zones::ZoneTree::RRset& signatures, dns::RRType type) {
    std::set<int> tags;
    for (unsigned i = 0; i < signatures.count; ++i) {
      const dns::Record record = tree.record(signatures, i);
      if (dns::signed_type(record) == type) tags.insert(record.rdata[16] << 8 | record.rdata[17]);
    }
    return tags;
  };
  CHECK(signers(tree.soa_signatures(), dns::RRType::soa) == std::set<int>{3613, 46769});
  const zones::ZoneTree::RRset* apex = tree.rrset(*tree.find(tree.origin()), dns::RRType::rrsig);
  REQUIRE(apex);
  for (const dns::RRType type : {dns::RRType::dnskey, dns::RRType::cds, dns::RRType::cdnskey}) {
    CHECK(signers(*apex, type) == std::set<int>{3613, 22216});
  }
  CHECK(signers(*apex, dns::RRType::nsec) == std::set<int>{3613, 46769});
}

TEST_CASE("sign: what is refused at start") {
  Folder folder;
  folder.write("bad.key", "not a key\n");
  folder.write("bad.private", "x\n");
  const std::string begin = "sign " + folder / "db" + " {\n";
  const struct {
    std::string inside, expected;
  } cases[] = {
      {"sign", "Wrong argument count or unexpected line ending after 'sign'"},
      {begin + "key\n}", "Corefile:3 - Error during parsing: Wrong argument count"},
      {begin + "key file\n}", "Corefile:3 - Error during parsing: Wrong argument count"},
      {begin + "key foo x\n}", "'foo', must be one of: file, directory"},
      {begin + "key file " + folder / "none" + "\n}", "open " + folder / "none.key: no such file or directory"},
      {begin + "key file " + folder / "bad" + "\n}", "key " + folder / "bad: public key: "},
      {begin + "key file " + folder / "zsk" + "\n}", "DNSKEY 46769 for alder.test. is not a CSK/KSK"},
      {begin + "key directory " + folder.path() + "\n}",
       "no key in " + folder.path() + ", expecting Kalder.test.+<algorithm>+<tag>.key"},
      {begin + "key directory " + folder / "none" + "\n}", "open " + folder / "none: no such file or directory"},
      {begin + "directory\n}", "Corefile:3"},
      {begin + "directory a b\n}", "Corefile:3"},
      {begin + "foo\n}", "unknown property 'foo'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    PluginFixture server("alder.test {\n" + c.inside + "\n}\n", {sign_plugin});
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan::sign
