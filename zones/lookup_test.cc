// Answers from a tree: the examples of RFC 1034, RFC 4592 and RFC 6672, and what CoreDNS adds.
#include "zones/lookup.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

// The zone of RFC 4592 section 2.2.1, with a name server for the apex and aliases, DNAMEs and a delegation of its own.
constexpr const char* kZone = R"($TTL 3600
@ SOA ns admin 1 2 3 4 5
@ NS ns.example.com.
* TXT "this is a wildcard"
* MX 10 host1
sub.* TXT "this is not a wildcard"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 0 0 22 host1
_ssh._tcp.host2 SRV 0 0 22 host2
subdel NS ns.subdel
subdel NS ns.example.net.
subdel DS 1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.subdel A 192.0.2.53
alias CNAME host1
chain CNAME alias
out CNAME www.example.net.
lost CNAME x.host1
tocut CNAME x.subdel
ring CNAME gnir
gnir CNAME ring
d DNAME t
a.t A 192.0.2.7
self DNAME self
long DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.test.
mail MX 10 host1
mail MX 20 host1
Up._tcp SRV 1 1 1 host1
)";

const ZoneTree& tree() {
  static const auto zone = read_zone_text(kZone, "db", *dns::Name::parse("example."));
  REQUIRE_MESSAGE(zone.has_value(), zone.error().message);
  return *zone->tree;
}

std::string lines(std::span<const dns::Record> records) {
  std::string out;
  for (const dns::Record& record : records) {
    std::string text = dns::record_text(record);
    for (char& c : text) c = c == '\t' ? ' ' : c;
    out += text + "\n";
  }
  return out;
}

struct Got {
  Status status;
  std::string answer, authority, additional, target;
};

Got ask(const char* name, const char* type) {
  Arena arena;
  ArenaVector<dns::Record> answer(arena), authority(arena), additional(arena);
  Lookup lookup(tree(), {*dns::parse_name(name, arena), *dns::parse_type(type), false}, arena,
                {answer, authority, additional});
  Got got;
  got.status = lookup.run();
  got.answer = lines(answer);
  got.authority = lines(authority);
  got.additional = lines(additional);
  got.target = lookup.target().text();
  return got;
}

const std::string kNs = "example. 3600 IN NS ns.example.com.\n";
const std::string kSoa = "example. 3600 IN SOA ns.example. admin.example. 1 2 3 4 5\n";

TEST_CASE("zone lookup: the wildcard examples of RFC 4592 section 2.2.1") {
  const struct {
    const char *name, *type;
    Status status;
    const char* answer;
  } cases[] = {
      {"host3.example.", "MX", Status::success, "host3.example. 3600 IN MX 10 host1.example.\n"},
      {"host3.example.", "A", Status::no_data, ""},
      {"foo.bar.example.", "TXT", Status::success, "foo.bar.example. 3600 IN TXT \"this is a wildcard\"\n"},
      {"host1.example.", "MX", Status::no_data, ""},
      {"sub.*.example.", "MX", Status::no_data, ""},
      {"_telnet._tcp.host1.example.", "SRV", Status::name_error, ""},
      {"host.subdel.example.", "A", Status::delegation, ""},
      {"ghost.*.example.", "MX", Status::name_error, ""},
      {"_tcp.host1.example.", "A", Status::success, ""},
      // An empty non-terminal right below the wildcard's parent: RFC 4592 says no data, CoreDNS's recorded answer is
      // this.
      {"host2.example.", "MX", Status::success, "host2.example. 3600 IN MX 10 host1.example.\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const Got got = ask(c.name, c.type);
    CHECK(got.status == c.status);
    CHECK(got.answer == c.answer);
    if (c.status != Status::delegation) CHECK(got.authority == (got.answer.empty() ? kSoa : kNs));
  }
}

TEST_CASE("zone lookup: the apex, answers with the apex name servers, and additional addresses once") {
  CHECK(ask("example.", "SOA").answer == kSoa);
  CHECK(ask("example.", "SOA").authority == kNs);
  CHECK(ask("example.", "NS").answer == kNs);
  CHECK(ask("example.", "NS").authority.empty());
  // CoreDNS keeps SOA and NS apart from the apex's other records, of which this zone has none.
  CHECK(ask("example.", "A").status == Status::success);
  CHECK(ask("example.", "A").authority == kSoa);
  CHECK(ask("mail.example.", "MX").additional == "host1.example. 3600 IN A 192.0.2.1\n");
  CHECK(ask("up._tcp.example.", "SRV").answer == "Up._tcp.example. 3600 IN SRV 1 1 1 host1.example.\n");
}

TEST_CASE("zone lookup: a delegation with glue, and its DS record from the parent (RFC 4035 section 3.1.4.1)") {
  const Got referral = ask("x.subdel.example.", "A");
  CHECK(referral.status == Status::delegation);
  CHECK(referral.authority ==
        "subdel.example. 3600 IN NS ns.subdel.example.\nsubdel.example. 3600 IN NS ns.example.net.\n");
  CHECK(referral.additional == "ns.subdel.example. 3600 IN A 192.0.2.53\n");
  CHECK(ask("subdel.example.", "NS").status == Status::delegation);
  CHECK(ask("ns.subdel.example.", "A").status == Status::delegation);
  CHECK(ask("subdel.example.", "DS").status == Status::success);
}

TEST_CASE("zone lookup: aliases are followed inside the zone (RFC 1034 section 4.3.2 step 3a)") {
  CHECK(ask("chain.example.", "A").answer ==
        "chain.example. 3600 IN CNAME alias.example.\nalias.example. 3600 IN CNAME host1.example.\n"
        "host1.example. 3600 IN A 192.0.2.1\n");
  CHECK(ask("chain.example.", "CNAME").answer == "chain.example. 3600 IN CNAME alias.example.\n");
  CHECK(ask("alias.example.", "TXT").status == Status::success);
  const Got out = ask("out.example.", "A");
  CHECK(out.status == Status::outside);
  CHECK(out.target == "www.example.net.");
  CHECK(ask("lost.example.", "A").target == "x.host1.example.");
  const Got cut = ask("tocut.example.", "A");
  CHECK(cut.status == Status::delegation);
  CHECK(cut.answer == "tocut.example. 3600 IN CNAME x.subdel.example.\n");
  const Got ring = ask("ring.example.", "A");
  CHECK(ring.status == Status::success);
  CHECK(std::count(ring.answer.begin(), ring.answer.end(), '\n') == 10);
}

TEST_CASE("zone lookup: DNAME (RFC 6672 section 2.2)") {
  CHECK(ask("a.d.example.", "A").answer ==
        "d.example. 3600 IN DNAME t.example.\na.d.example. 3600 IN CNAME a.t.example.\na.t.example. 3600 IN A "
        "192.0.2.7\n");
  CHECK(ask("d.example.", "DNAME").status == Status::success);
  CHECK(ask("d.example.", "A").status == Status::no_data);
  CHECK(ask("x.d.example.", "A").target == "x.t.example.");
  CHECK(ask("x.self.example.", "A").status == Status::server_failure);
  const std::string label(60, 'x');
  CHECK(ask((label + "." + label + "." + label + ".long.example.").c_str(), "A").status == Status::name_too_long);
}

// Signed as far as a lookup looks: the SOA's signature and the chain.
constexpr const char* kSignedZone = R"($TTL 3600
@ SOA ns admin 1 2 3 4 5
@ RRSIG SOA 13 1 3600 20260101000000 20250101000000 1 example. AAAA
@ NS ns.example.com.
@ NSEC *.w NS SOA RRSIG NSEC
*.w A 192.0.2.1
*.w NSEC m.w A NSEC
m.w A 192.0.2.2
m.w NSEC _443._tcp.*.x A NSEC
_443._tcp.*.x TXT "x"
_443._tcp.*.x NSEC m.x TXT NSEC
m.x A 192.0.2.3
m.x NSEC *.y A NSEC
*.y CNAME a.y
*.y NSEC a.y CNAME NSEC
a.y A 192.0.2.4
a.y NSEC @ A NSEC
)";

TEST_CASE("zone lookup: what a wildcard has not is proven with it and with the name (RFC 4035 section 3.1.3.4)") {
  const auto zone = read_zone_text(kSignedZone, "db", *dns::Name::parse("example."));
  REQUIRE_MESSAGE(zone.has_value(), zone.error().message);
  using Lines = std::vector<std::string>;
  const struct {
    const char *name, *type;
    Status status;
    Lines proofs;  // owners of NSEC records
  } cases[] = {
      {"q.w.example.", "AAAA", Status::no_data, {"*.w.example.", "m.w.example."}},
      {"a.w.example.", "AAAA", Status::no_data, {"*.w.example."}},  // it says both
      {"q.w.example.", "A", Status::success, {"m.w.example."}},
      {"*.w.example.", "AAAA", Status::no_data, {"*.w.example."}},
      // A wildcard that is an empty non-terminal: what lies below it is said by the owner in front of it.
      {"q.x.example.", "A", Status::no_data, {"m.w.example.", "m.x.example."}},
      {"_443._tcp.q.x.example.", "TXT", Status::no_data, {"m.w.example.", "m.x.example."}},
      {"a.x.example.", "A", Status::no_data, {"m.w.example.", "_443._tcp.*.x.example."}},
      // The alias' target says that the name does not exist, and what it has.
      {"q.y.example.", "AAAA", Status::success, {"a.y.example."}},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name) + " " + c.type);
    Arena arena;
    ArenaVector<dns::Record> answer(arena), authority(arena), additional(arena);
    Lookup lookup(*zone->tree, {*dns::parse_name(c.name, arena), *dns::parse_type(c.type), true}, arena,
                  {answer, authority, additional});
    CHECK(lookup.run() == c.status);
    Lines proofs;
    for (const dns::Record& record : authority) {
      if (record.type == dns::RRType::nsec) proofs.push_back(record.owner.text());
    }
    CHECK(proofs == c.proofs);
  }
}

TEST_CASE("zone tree: owners in canonical order, and the owner whose NSEC covers a name") {
  Arena arena;
  const auto before = [&](const char* name) {
    const ZoneTree::Node* node = tree().at_or_before(*dns::parse_name(name, arena));
    return node ? tree().owner(*node).text() : "none";
  };
  CHECK(before("b.d.example.") == "d.example.");
  CHECK(before("_tcp.host1.example.") == "host1.example.");
  CHECK(before("host1.example.") == "host1.example.");
  CHECK(before("example.") == "none");
  const ZoneTree::Node* tcp = tree().find(*dns::parse_name("_TCP.host2.example.", arena));
  REQUIRE(tcp);
  CHECK(!tcp->holds_records());
  CHECK(tcp->has_descendant);
  CHECK(tree().find(*dns::parse_name("ns.subdel.example.", arena))->below_cut);
}

}  // namespace
}  // namespace portolan::zones
