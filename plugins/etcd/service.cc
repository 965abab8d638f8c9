// JSON through simdjson, with Go's leniency in front of it.
#include "plugins/etcd/service.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "corefile/argument.h"
#include "plugins/etcd/key_path.h"

namespace portolan::etcd {
namespace {

using simdjson::dom::element;

constexpr uint32_t kDefaultTtl = 300;
constexpr int64_t kDefaultPriority = 10;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool continues(unsigned char octet) { return (octet & 0xc0) == 0x80; }

/// Octets of the well-formed UTF-8 sequence that `text` begins with (RFC 3629 section 4); 0: there is none.
size_t sequence(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(at(1)) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool fits = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second < 0xa0);
    return fits && continues(at(1)) && continues(at(2)) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool fits = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second < 0x90);
    return fits && continues(at(1)) && continues(at(2)) && continues(at(3)) ? 4 : 0;
  }
  return 0;
}

/// The value of four hexadecimal digits behind `\u` at the begin of `text`; -1: it begins with something else.
int escaped_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  int unit = 0;
  for (size_t i = 2; i < 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'                     ? c - '0'
                      : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                               : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high(int unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(int unit) { return unit >= 0xdc00 && unit < 0xe000; }

/// What simdjson refuses and Go replaces: octets that are no UTF-8, and halves of surrogate pairs.
std::string with_replacements(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    size_t take = 1;
    if (value[0] == '\\') {
      const int unit = escaped_unit(value);
      take = unit >= 0 ? 6 : std::min<size_t>(2, value.size());
      if (is_high(unit) && is_low(escaped_unit(value.substr(6)))) {
        take = 12;
      } else if (is_high(unit) || is_low(unit)) {
        out += kReplacement;
        value.remove_prefix(6);
        continue;
      }
    } else if ((take = sequence(value)) == 0) {
      out += kReplacement;
      value.remove_prefix(1);
      continue;
    }
    out += value.substr(0, take);
    value.remove_prefix(take);
  }
  return out;
}

/// Takes members into a service; the first that does not fit is kept as the problem.
class Reader {
 public:
  explicit Reader(Service& out) : out_(out) {}

  std::string take(const element& root) {
    if (root.is_null()) return {};
    simdjson::dom::object members;
    if (root.get(members) != simdjson::SUCCESS) return "expected a JSON object";
    for (const auto& [name, value] : members) member(name, value);
    return problem_;
  }

 private:
  void member(std::string_view name, const element& value) {
    if (value.is_null()) return;
    const auto is = [name](std::string_view known) { return corefile::equal_in_any_case(name, known); };
    if (is("host")) return text(name, value, out_.host);
    if (is("text")) return text(name, value, out_.text);
    if (is("group")) return text(name, value, out_.group);
    if (is("port")) return number(name, value, out_.port);
    if (is("priority")) return number(name, value, out_.priority);
    if (is("weight")) return number(name, value, out_.weight);
    if (is("targetstrip")) return number(name, value, out_.strip);
    if (is("mail") && value.get(out_.mail) != simdjson::SUCCESS) return wrong(name, "true or false");
    if (is("ttl")) {
      int64_t ttl = 0;
      number(name, value, ttl);
      if (ttl < 0 || ttl > std::numeric_limits<uint32_t>::max()) return wrong(name, "a number of 32 bits");
      out_.ttl = static_cast<uint32_t>(ttl);
    }
  }

  void text(std::string_view name, const element& value, std::string& out) {
    std::string_view found;
    if (value.get(found) != simdjson::SUCCESS) return wrong(name, "a string");
    out = found;
  }
  void number(std::string_view name, const element& value, int64_t& out) {
    if (!value.is_int64() || value.get(out) != simdjson::SUCCESS) wrong(name, "an integer");
  }
  void wrong(std::string_view name, std::string_view expected) {
    if (problem_.empty()) problem_ = "\"" + std::string(name) + "\": expected " + std::string(expected);
  }

  Service& out_;
  std::string problem_;
};

void complete(Service& service) {
  if (service.priority == 0) service.priority = kDefaultPriority;
  if (const auto address = IpAddress::parse(service.host)) {
    service.address = address->unmapped();
    service.kind = service.address.is_v4() ? Service::Kind::a : Service::Kind::aaaa;
  } else {
    service.kind = service.text.empty() ? Service::Kind::name : Service::Kind::text;
    if (auto target = dns::Name::parse(service.host); target && !service.host.empty()) {
      service.target = std::move(*target);
      service.has_target = true;
    }
  }
  if (auto own = name_of_key(service.key)) {
    service.own = std::move(*own);
    service.has_own = true;
  }
}

}  // namespace

std::shared_ptr<Service> read_service(std::string key, std::string_view value) {
  auto service = std::make_shared<Service>();
  service->slashes = static_cast<uint32_t>(std::count(key.begin(), key.end(), '/'));
  service->key = std::move(key);
  service->priority = 0;
  simdjson::dom::parser parser;
  element root;
  const std::string readable = with_replacements(value);
  std::string problem;
  if (const auto error = parser.parse(readable).get(root); error != simdjson::SUCCESS)
    problem = "no JSON: " + std::string(simdjson::error_message(error));
  else
    problem = Reader(*service).take(root);
  if (!problem.empty()) {
    auto broken = std::make_shared<Service>();
    broken->key = std::move(service->key);
    broken->slashes = service->slashes;
    broken->problem = broken->key + ": " + problem;
    return broken;
  }
  complete(*service);
  return service;
}

uint32_t Service::ttl_now(const LeaseBounds& bounds, SteadyTime now) const {
  uint32_t from_lease = 0;
  if (lease) {
    const auto state = lease->state.load(std::memory_order_acquire);
    if (state == Lease::State::asked) {
      from_lease = bounds.least;
    } else if (state == Lease::State::known) {
      const std::chrono::nanoseconds left(lease->ends.load(std::memory_order_relaxed) - now.time_since_epoch().count());
      const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      from_lease = seconds < int64_t{bounds.least}  ? bounds.least
                   : seconds > int64_t{bounds.most} ? bounds.most
                                                    : static_cast<uint32_t>(seconds);
    }
  }
  if (from_lease == 0) return ttl == 0 ? kDefaultTtl : ttl;
  return ttl == 0 ? from_lease : std::min(from_lease, ttl);
}

}  // namespace portolan::etcd
