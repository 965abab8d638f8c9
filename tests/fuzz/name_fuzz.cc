// Fuzzes names: text that is a name prints as text that is the same name, and comparison, hashing, order and suffixes
// agree with a plain reading of the octets.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/name.h"

using namespace portolan;
using namespace portolan::dns;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool plainly_equal(NameView a, NameView b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (kLower[a.data()[i]] != kLower[b.data()[i]]) return false;
  }
  return true;
}

void check_one(NameView name) {
  Arena arena;
  const auto again = Name::parse(name.text());
  require(again.has_value() && again->view().identical(name));
  const NameView lowered = lower(name, arena);
  require(lowered.equals(name) && lowered.hash() == name.hash() && lowered.compare(name) == 0);
  require(Name(name).lower().view().identical(lowered));
  require(name.suffix(name.label_count()).identical(name) && name.suffix(0).is_root());
  for (NameView zone = name;; zone = zone.parent()) {
    require(name.is_under(zone));
    require(join(name.labels_before(zone), zone, arena)->identical(name));
    if (zone.is_root()) break;
    require(name.compare(zone.parent()) > 0);
  }
}

void check_pair(NameView a, NameView b) {
  require(a.equals(b) == plainly_equal(a, b));
  require((a.compare(b) == 0) == a.equals(b));
  require((a.compare(b) < 0) == (b.compare(a) > 0));
  if (a.equals(b)) require(a.hash() == b.hash());
  bool under = false;
  for (NameView zone = a;; zone = zone.parent()) {
    under |= plainly_equal(zone, b);
    if (zone.is_root()) break;
  }
  require(a.is_under(b) == under);
}

}  // namespace

/// Two names, one a line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  const auto first = Name::parse(text.substr(0, end));
  const auto second = Name::parse(end == text.npos ? std::string_view(".") : text.substr(end + 1));
  Arena arena;
  require(parse_name(text.substr(0, end), arena).has_value() == first.has_value());
  if (first) check_one(*first);
  if (second) check_one(*second);
  if (!first || !second) return 0;
  check_pair(*first, *second);
  check_pair(*second, *first);
  return 0;
}
