// A signed zone: what is in it, and the verifiers of NLnet Labs and ISC as judges.
#include "zones/dnssec/sign_zone.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "dns/testing.h"
#include "zones/dnssec/testing.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kZone =
    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n@ IN MX 5 Mail.Other.TEST.\nns IN A 192.0.2.1\nwww IN A 192.0.2.2\n"
    "www IN A 192.0.2.1\nal IN CNAME www\nd IN NS ns.d\nd IN A 198.51.100.9\nns.d IN A 198.51.100.1\ns IN NS ns.x.\n"
    "s IN DS 1 13 2 7b3cb8af6c497d50bfc9417fb9849030ac735f9a9bdb48a8581115de220360f9\n_x._tcp IN SRV 1 1 1 ns\n"
    "e.n.t IN A 192.0.2.8\n*.w IN A 192.0.2.9\ndn IN DNAME other.test.\nbelow.dn IN A 192.0.2.10\n"
    "hs IN TXT \"x\" \"y\"\nhs IN TYPE65280 \\# 2 6162\nhs IN CAA 0 issue \"ca.test\"\n";

std::unique_ptr<const ZoneTree> tree_of(std::string_view text) {
  auto read = read_zone_text(text, "db", dns::name("alder.test."));
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

SignedZone sign(std::string_view text, const KeySet& keys) {
  const auto now = static_cast<uint32_t>(std::time(nullptr));
  ZoneSigning how;
  how.keys = &keys;
  how.serial = 1234;
  how.validity = {now - 3600, now + 86400};
  auto made = sign_zone(*tree_of(text), how);
  REQUIRE_MESSAGE(made.has_value(), (made.has_error() ? made.error().message : ""));
  return std::move(*made);
}

// The signatures cut after the signer's name, the rest as it is.
Lines lines_of(const SignedZone& zone) {
  Lines lines;
  for (const dns::OwnedRecord& record : zone.records) {
    std::string line = dns::record_text(record.view());
    std::replace(line.begin(), line.end(), '\t', ' ');
    if (record.type == dns::RRType::rrsig) {
      const dns::RRType covered = static_cast<dns::RRType>(record.view().rdata[0] << 8 | record.view().rdata[1]);
      line = line.substr(0, line.find("RRSIG")) + "RRSIG " + dns::text(covered);
    }
    lines.push_back(line);
  }
  return lines;
}

std::string zone_and(std::string_view more) {
  std::string text(kZone);
  text.append(more);
  return text;
}

KeySet common() { return KeySet({kKeySigning.key()}); }

TEST_CASE("signed zones: every authoritative rrset has its signature, glue and delegations have none") {
  const Lines lines = lines_of(sign(kZone, common()));
  const auto has = [&](std::string_view line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
  CHECK(lines[0] == "alder.test. 60 IN SOA ns.alder.test. h.alder.test. 1234 2 3 4 5");
  for (const char* line : {
           "alder.test. 60 IN RRSIG SOA",
           "alder.test. 60 IN RRSIG NS",
           "alder.test. 60 IN RRSIG DNSKEY",
           "alder.test. 60 IN RRSIG CDS",
           "alder.test. 60 IN RRSIG CDNSKEY",
           "alder.test. 60 IN CDS 22216 13 1 c8875a5869aee38765e8850c3816a52b858508dd",
           "alder.test. 60 IN CDS 22216 13 2 7b3cb8af6c497d50bfc9417fb9849030ac735f9a9bdb48a8581115de220360f9",
           "alder.test. 5 IN NSEC _x._tcp.alder.test. NS SOA MX RRSIG NSEC DNSKEY CDS CDNSKEY",
           "alder.test. 5 IN RRSIG NSEC",
           "d.alder.test. 5 IN NSEC dn.alder.test. NS RRSIG NSEC",
           "dn.alder.test. 5 IN NSEC hs.alder.test. DNAME RRSIG NSEC",
           "hs.alder.test. 5 IN NSEC ns.alder.test. TXT RRSIG NSEC CAA TYPE65280",
           "s.alder.test. 5 IN NSEC e.n.t.alder.test. NS DS RRSIG NSEC",
           "s.alder.test. 60 IN RRSIG DS",
           "*.w.alder.test. 60 IN RRSIG A",
           "www.alder.test. 5 IN NSEC alder.test. A RRSIG NSEC",
           "ns.d.alder.test. 60 IN A 198.51.100.1",
           "below.dn.alder.test. 60 IN A 192.0.2.10",
       }) {
    CAPTURE(std::string(line));
    CHECK(has(line));
  }
  for (const char* line :
       {"d.alder.test. 60 IN RRSIG NS", "d.alder.test. 60 IN RRSIG A", "ns.d.alder.test. 60 IN RRSIG A",
        "s.alder.test. 60 IN RRSIG NS", "below.dn.alder.test. 60 IN RRSIG A"}) {
    CAPTURE(std::string(line));
    CHECK(!has(line));
  }
}

TEST_CASE("signed zones: what an earlier signing left is replaced") {
  const std::string signed_before = zone_and(
      std::string("@ IN DNSKEY 256 3 13 "
                  "CmZjwETDW4pll6qRYk5cnOk2nxRGyfWIGQ+aQ6AgUY1zrbNZh6IeWKLyFelfpafV8CMXaXJ+OPY89JyWTucCsg==\n"
                  "@ IN CDS 0 0 0 00\n@ IN CDNSKEY 0 3 0 AA==\n@ IN NSEC www NS SOA\ngone IN NSEC www A RRSIG NSEC\n"
                  "@ IN RRSIG SOA 13 2 60 20000101000000 20000102000000 1 alder.test. AAAA\n"
                  "@ IN NSEC3PARAM 1 0 12 aabbccdd\n0p9mhaveqvm6t7vbl5lop2u3t2rp3tom IN NSEC3 1 0 12 aabbccdd "
                  "2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX\n"
                  "@ IN ZONEMD 1 1 1 ") +
      std::string(96, '0') + "\n");
  CHECK(lines_of(sign(signed_before, common())) == lines_of(sign(kZone, common())));
}

TEST_CASE("signed zones: records of other zones are left out and counted") {
  const SignedZone made = sign(zone_and("x.other. IN A 192.0.2.1\nx.other. IN A 192.0.2.2\n"), common());
  CHECK(made.outside == 2);
  CHECK(lines_of(made) == lines_of(sign(kZone, common())));
}

TEST_CASE("signed zones: the denial's TTL is the smaller one of the SOA's TTL and MINIMUM (RFC 9077)") {
  const Lines lines = lines_of(sign("@ 60 IN SOA ns h 1 2 3 4 3600\n@ 60 IN NS ns.other.\n", common()));
  CHECK(std::find(lines.begin(), lines.end(),
                  "alder.test. 60 IN NSEC alder.test. NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY") != lines.end());
}

TEST_CASE("signed zones: signing ends when it is told to") {
  const KeySet keys = common();
  ZoneSigning how;
  how.keys = &keys;
  how.stopped = [] { return true; };
  const auto made = sign_zone(*tree_of(kZone), how);
  REQUIRE(made.has_error());
  CHECK(made.error().message == "stopped");
}

bool is_installed(const std::string& tool) {
  return std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) == 0;
}

SigningKey owned_by_alder(const ExampleKey& example) {
  std::string open(example.open);
  return SigningKey::parse("alder.test." + open.substr(open.find(' ')), example.secret).value();
}

TEST_CASE(
    "signed zones: ldns-verify-zone and dnssec-verify find nothing wrong, with every algorithm and with split keys") {
  std::string folder = (std::filesystem::temp_directory_path() / "signed-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  constexpr auto kByAlgorithm = KeySharing::by_algorithm;
  // RSA of 512 bits, as in RFC 5702's first example, is below what these verifiers take.
  const KeySet sets[] = {KeySet({owned_by_alder(kRsaSha512)}), KeySet({owned_by_alder(kEcdsa256)}),
                         KeySet({owned_by_alder(kEcdsa384)}), KeySet({owned_by_alder(kEd25519)}),
                         KeySet({kKeySigning.key(), kZoneSigning.key()}),
                         // A second algorithm with one key, of either kind, beside a split one; two of one kind each.
                         KeySet({kKeySigning.key(), kZoneSigning.key(), owned_by_alder(kEd25519)}, kByAlgorithm),
                         KeySet({kKeySigning.key(), kZoneSigning.key(), owned_by_alder(kRsaSha512)}, kByAlgorithm),
                         KeySet({kKeySigning.key(), owned_by_alder(kRsaSha512)}, kByAlgorithm)};
  const struct {
    const char *tool, *arguments;
  } judges[] = {{"ldns-verify-zone", ""}, {"dnssec-verify", "-z -o alder.test"}};
  for (const auto& judge : judges) {
    if (!is_installed(judge.tool)) {
      MESSAGE("skipped: ", judge.tool, " is not installed");
      continue;
    }
    for (const KeySet& keys : sets) {
      const std::string file = folder + "/db";
      std::ofstream out(file);
      for (const dns::OwnedRecord& record : sign(kZone, keys).records) out << dns::record_text(record.view()) << '\n';
      out.close();
      CAPTURE(std::string(judge.tool));
      CAPTURE(static_cast<int>(keys.keys().front().algorithm()));
      const std::string command =
          std::string(judge.tool) + " " + judge.arguments + " " + file + " >" + folder + "/said 2>&1";
      const int status = std::system(command.c_str());
      CHECK_MESSAGE(status == 0, *read_file(folder + "/said"));
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace portolan::zones
