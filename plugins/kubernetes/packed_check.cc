// A walk over packed octets that believes none of them.
#include "plugins/kubernetes/packed_check.h"

#include <cstdint>
#include <cstring>

#include "dns/name.h"
#include "plugins/kubernetes/packed.h"

namespace portolan::kubernetes {
namespace {

bool is_lower(std::string_view text) {
  for (const char c : text) {
    if (static_cast<char>(dns::kLower[static_cast<uint8_t>(c)]) != c) return false;
  }
  return true;
}

// Labels that fill `octets`, without the root; how many, or -1.
int count_labels(std::string_view octets) {
  int labels = 0;
  for (; !octets.empty(); ++labels) {
    const auto size = static_cast<uint8_t>(octets.front());
    if (size == 0 || size > dns::kMaxLabel || octets.size() < size + 1u) return -1;
    octets.remove_prefix(size + 1u);
  }
  return labels;
}

// A whole name in wire form.
bool is_name(std::string_view wire) {
  return !wire.empty() && wire.size() <= dns::kMaxName && wire.back() == '\0' &&
         count_labels(wire.substr(0, wire.size() - 1)) >= 0;
}

/// Reads as packed.cc does, within bounds. What cannot be read makes it bad, once and for all.
class Walk {
 public:
  explicit Walk(std::string_view octets) : whole_(octets.size()), left_(octets) {}

  bool good() const { return good_; }
  bool at_end() const { return good_ && left_.empty(); }
  size_t offset() const { return whole_ - left_.size(); }
  size_t left() const { return left_.size(); }
  void expect(bool holds) { good_ = good_ && holds; }

  uint8_t octet() { return static_cast<uint8_t>(take(1).front()); }
  uint32_t number() {
    uint32_t value;
    std::memcpy(&value, take(4).data(), 4);
    return value;
  }
  std::string_view text() {
    const uint8_t size = octet();
    return take(size);
  }

 private:
  std::string_view take(size_t size) {
    static constexpr char kNothing[256] = {};
    if (!good_ || left_.size() < size) {
      good_ = false;
      return {kNothing, size};
    }
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return size == 0 ? std::string_view(kNothing, 0) : taken;
  }

  size_t whole_;
  std::string_view left_;
  bool good_ = true;
};

void walk_ports(Walk& walk) {
  constexpr size_t kSmallestPort = 6;
  const uint32_t count = walk.number();
  walk.expect(count >= 1 && count <= walk.left() / kSmallestPort);
  for (uint32_t i = 0; walk.good() && i < count; ++i) {
    const auto number = static_cast<int32_t>(walk.number());
    walk.expect(number >= -1 && number <= 65535);
    walk.expect(is_lower(walk.text()));
    walk.expect(is_lower(walk.text()));
  }
}

void walk_address(Walk& walk, bool of_service) {
  const uint8_t kind = walk.octet();
  const uint8_t canonical = walk.octet();
  const auto octets = walk.text();
  switch (static_cast<AddressKind>(kind)) {
    case AddressKind::v4:
      walk.expect(octets.size() == 4 && canonical <= 1);
      break;
    case AddressKind::v6:
      walk.expect(octets.size() == 16 && canonical <= 1);
      break;
    case AddressKind::name:
      walk.expect(canonical == 0 && is_name(octets));
      break;
    default:
      walk.expect(false);
  }
  const uint8_t named = walk.octet();
  const auto host = walk.text();
  walk.expect(named <= 1 && is_lower(host));
  const auto zone = walk.text();
  walk.expect(zone.empty() ||
              (!of_service && is_lower(zone) && zone.size() < dns::kMaxName && count_labels(zone) >= 1));
  // A service's own addresses have its own name; an endpoint has at least one label in front of it, or none at all.
  if (of_service || named == 0) return walk.expect(host.empty() && (named == 1 || !of_service));
  walk.expect(host.size() < dns::kMaxName && count_labels(host) >= 1);
}

void walk_addresses(Walk& walk, bool of_service, uint32_t least) {
  constexpr size_t kSmallestAddress = 6;
  const uint32_t count = walk.number();
  walk.expect(count >= least && count <= walk.left() / kSmallestAddress);
  for (uint32_t i = 0; walk.good() && i < count; ++i) walk_address(walk, of_service);
}

bool is_packed(std::string_view octets, bool of_service) {
  Walk walk(octets);
  const uint32_t addresses_at = walk.number();
  const uint8_t form = walk.octet();
  walk.expect(of_service ? form <= static_cast<uint8_t>(Form::external_name)
                         : form == static_cast<uint8_t>(Form::headless));
  const auto external = walk.text();
  walk.expect(external.empty() || (of_service && is_name(external)));
  walk_ports(walk);
  walk.expect(walk.offset() == addresses_at);
  walk_addresses(walk, of_service, 0);
  // External addresses are there only if there are any; all of them may have been texts that are neither address nor
  // name.
  if (of_service && walk.good() && !walk.at_end()) walk_addresses(walk, of_service, 0);
  return walk.at_end();
}

}  // namespace

bool is_packed_service(std::string_view octets) { return is_packed(octets, true); }
bool is_packed_slice(std::string_view octets) { return is_packed(octets, false); }

bool is_service_key(std::string_view octets) {
  constexpr std::string_view kEnd = "\3svc";
  return octets.ends_with(kEnd) && octets.size() < dns::kMaxName && is_lower(octets) && count_labels(octets) == 3;
}

}  // namespace portolan::kubernetes
