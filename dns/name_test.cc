// Tests of names in wire form: case, order, hashing, suffixes.
#include "dns/name.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <unordered_set>
#include <vector>

#include "dns/fold.h"
#include "dns/testing.h"

namespace portolan::dns {
namespace {

TEST_CASE("name: the default is the root") {
  const NameView root;
  CHECK(root.is_root());
  CHECK(root.size() == 1);
  CHECK(root.label_count() == 0);
  CHECK(root.first_label().empty());
  CHECK(root.parent().is_root());
  CHECK(root.text() == ".");
  CHECK(Name().view() == root);
}

TEST_CASE("name: labels, parents and suffixes are cut at labels") {
  const Name full = name("www.Example.org.");
  CHECK(full.view().label_count() == 3);
  CHECK(full.view().first_label() == "www");
  CHECK(full.view().parent().text() == "Example.org.");
  CHECK(full.view().suffix(0).text() == ".");
  CHECK(full.view().suffix(1).text() == "org.");
  CHECK(full.view().suffix(3).text() == "www.Example.org.");
  CHECK(full.view().suffix(9).text() == "www.Example.org.");
}

TEST_CASE("name: folding changes A to Z and nothing else (RFC 4343)") {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const unsigned expected = octet >= 'A' && octet <= 'Z' ? octet + 0x20 : octet;
    for (unsigned place = 0; place < 64; place += 8) {
      // The neighbours must not be touched by a carry.
      const uint64_t others = ~(uint64_t{0xff} << place) & 0xff80c15a5b4041ff;
      const uint64_t word = uint64_t{octet} << place | others;
      uint64_t plain = 0;
      for (unsigned at = 0; at < 64; at += 8) {
        const uint64_t c = word >> at & 0xff;
        plain |= (c >= 'A' && c <= 'Z' ? c + 0x20 : c) << at;
      }
      CHECK(fold(word) == plain);
    }
    CHECK(kLower[octet] == expected);
  }
}

TEST_CASE("name: equality and hash ignore case at every length and place") {
  std::string text;
  for (int length = 1; length <= 63; ++length) {
    text += static_cast<char>('a' + length % 26);
    const Name plain = name(text + ".example.");
    for (int at = 0; at < length; ++at) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] - 0x20);
      const Name upper = name(changed + ".EXAMPLE.");
      CHECK(plain.view().equals(upper));
      CHECK(plain.view().hash() == upper.view().hash());
      CHECK_FALSE(plain.view().identical(upper));
      CHECK(upper.lower().view().identical(plain));
      changed[at] = '-';
      const Name other = name(changed + ".example.");
      CHECK_FALSE(plain.view().equals(other));
      CHECK(plain.view().hash() != other.view().hash());
    }
  }
}

TEST_CASE("name: letters and their neighbours 32 octets away are different names") {
  CHECK_FALSE(name("@").view().equals(name("`")));
  CHECK_FALSE(name("[").view().equals(name("{")));
  CHECK_FALSE(name("\\193").view().equals(name("\\225")));
  CHECK_FALSE(name("\\000").view().equals(name("\\032")));
}

TEST_CASE("name: hashes of many names do not collide") {
  std::set<uint64_t> hashes;
  for (int i = 0; i < 20000; ++i) hashes.insert(name("host-" + std::to_string(i) + ".pods.example.org.").view().hash());
  CHECK(hashes.size() == 20000);
}

TEST_CASE("name: is_under needs a whole label") {
  struct {
    const char *name, *zone;
    bool under;
  } const cases[] = {
      {"www.example.org.", "example.org.", true},
      {"WWW.EXAMPLE.ORG.", "example.org.", true},
      {"example.org.", "example.org.", true},
      {"org.", "example.org.", false},
      {"badexample.org.", "example.org.", false},
      {"www.example.org.", ".", true},
      {".", ".", true},
      {".", "org.", false},
      {"a.b.c.d.e.f.g.h.", "g.h.", true},
      {"x.org.example.", "org.", false},
      // The octets of the zone lie at the end of the label "a\007example\003org", but not at a label's start.
      {"a\\007example\\003org.", "example.org.", false},
  };
  for (const auto& test : cases) {
    CAPTURE(test.name);
    CAPTURE(test.zone);
    CHECK(name(test.name).view().is_under(name(test.zone)) == test.under);
    CHECK(name(test.name).lower().view().is_under_lower(name(test.zone).lower()) == test.under);
  }
  const Name full = name("a.b.example.org.");
  const auto labels = full.view().labels_before(name("example.org."));
  CHECK(to_hex(labels) == "01610162");
}

TEST_CASE("name: the order is the canonical one of RFC 4034 section 6.1") {
  const char* const ordered[] = {"example.",         "a.example.",      "yljkjljk.a.example.",
                                 "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
                                 "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
  for (size_t i = 0; i < std::size(ordered); ++i) {
    for (size_t j = 0; j < std::size(ordered); ++j) {
      const int order = name(ordered[i]).view().compare(name(ordered[j]));
      CAPTURE(ordered[i]);
      CAPTURE(ordered[j]);
      CHECK((order < 0) == (i < j));
      CHECK((order > 0) == (i > j));
    }
  }
  CHECK(NameView().compare(name("example.")) < 0);
  CHECK(name("EXAMPLE.").view().compare(name("example.")) == 0);
}

TEST_CASE("name: join puts labels in front of a zone, up to 255 octets") {
  Arena arena;
  const std::string label(63, 'x');
  const Name zone = name(label + "." + label + "." + label + ".");  // 193 octets
  const std::vector<uint8_t> fits(62, 1), exceeds(63, 1);           // only their number matters
  CHECK(join(fits, zone, arena)->size() == 255);
  CHECK_FALSE(join(exceeds, zone, arena).has_value());
  const Name full = name("a.b.");
  CHECK(join(full.view().labels_before(NameView()), name("Example."), arena)->text() == "a.b.Example.");
}

TEST_CASE("name: unordered containers find names whatever their case") {
  std::unordered_set<Name, NameHash, NameEqual> set;
  set.insert(name("Example.org."));
  const Name asked = name("eXAMPLE.ORG.");
  CHECK(set.contains(asked.view()));
  CHECK_FALSE(set.contains(name("example.com.").view()));
}

}  // namespace
}  // namespace portolan::dns
