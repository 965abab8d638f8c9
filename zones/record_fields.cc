// Owner, TTL, class, type; then the data.
#include "zones/record_fields.h"

namespace portolan::zones {
namespace {

using dns::RRType;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<dns::RRClass> class_of(std::string_view word) {
  const auto cls = dns::parse_class(word);
  if (cls.has_error() || *cls == dns::RRClass::any || *cls == dns::RRClass::none) return std::nullopt;
  return *cls;
}

// "[OWNER] [TTL] [CLASS] TYPE" or with class and TTL the other way round.
class Fields {
 public:
  Fields(const dns::ZoneEntry& entry, FieldState& state) : entry_(entry), state_(state) {}

  Result<dns::OwnedRecord> read() {
    if (auto owner = read_owner(); owner.has_error()) return owner.error();
    bool class_seen = false, ttl_seen = false;
    for (; next_ < entry_.words.size(); ++next_) {
      const std::string& word = entry_.words[next_].text;
      if (const auto cls = class_seen ? std::nullopt : class_of(word)) {
        class_seen = true;
        record_.cls = *cls;
      } else if (is_digit(word[0]) && !ttl_seen) {
        const auto ttl = dns::parse_ttl(word);
        if (!ttl) return fail("\"" + word + "\" is not a TTL");
        ttl_seen = true;
        take_ttl(*ttl);
      } else {
        break;
      }
    }
    if (next_ == entry_.words.size()) return fail("expecting RR type, TTL or class, not the end of the line");
    const std::string& word = entry_.words[next_++].text;
    const auto type = dns::parse_type(word);
    if (type.has_error() || *type == RRType::none) return fail("\"" + word + "\" is no RR type, TTL or class");
    record_.type = *type;
    if (!ttl_seen) {
      // Behind a class CoreDNS does not miss the TTL: it is 0.
      if (!state_.default_ttl && !class_seen) return fail("missing TTL with no previous value");
      record_.ttl = state_.default_ttl.value_or(0);
    }
    return read_data();
  }

 private:
  Result<void> read_owner() {
    if (entry_.leading_blank) {
      if (!state_.owner) return fail("no owner name in front of the first record");
    } else {
      auto name = dns::parse_zone_name(entry_.words[0].text, state_.origin);
      if (name.has_error()) return fail("bad owner name \"" + entry_.words[0].text + "\": " + name.error().message);
      state_.owner = std::move(*name);
      next_ = 1;
    }
    record_.owner = *state_.owner;
    return {};
  }

  void take_ttl(uint32_t ttl) {
    record_.ttl = ttl;
    if (!state_.ttl_by_directive) state_.default_ttl = ttl;
  }

  Result<dns::OwnedRecord> read_data() {
    const auto words = std::span(entry_.words).subspan(next_);
    if (words.empty()) return fail("no data behind " + dns::text(record_.type));
    auto rdata = dns::parse_rdata(record_.type, words, state_.origin);
    if (rdata.has_error()) return rdata.error();
    record_.rdata = std::move(*rdata);
    return {boost::system::in_place_value, std::move(record_)};
  }

  const dns::ZoneEntry& entry_;
  FieldState& state_;
  dns::OwnedRecord record_;
  size_t next_ = 0;
};

}  // namespace

Result<dns::OwnedRecord> read_fields(const dns::ZoneEntry& entry, FieldState& state) {
  return Fields(entry, state).read();
}

}  // namespace portolan::zones
